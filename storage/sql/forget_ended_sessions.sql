-- Forget sessions that have ended by themselves.
DELETE FROM sessions WHERE expires_at <= %(at)s OR last_seen_at <= %(idle_since)s;
