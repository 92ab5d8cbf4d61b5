-- One experiment, locked for a change of where it stands.
SELECT id, key, body, status, epoch, created_at, started_at, stopped_at, stop_reason
FROM experiments WHERE key = %(key)s FOR UPDATE;
