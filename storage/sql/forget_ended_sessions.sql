-- Forget sessions that have ended by themselves; rows that another forgets are left to it.
DELETE FROM sessions WHERE hash IN (
    SELECT hash FROM sessions
    WHERE expires_at <= %(at)s OR last_seen_at <= %(idle_since)s
    FOR UPDATE SKIP LOCKED
);
