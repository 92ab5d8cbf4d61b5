-- One experiment.
SELECT id, key, body, status, epoch, created_at, started_at, stopped_at, stop_reason
FROM experiments WHERE key = %(key)s;
