-- The experiments that a change of the rate table concerns.
SELECT id, key, body, status, epoch, created_at, started_at, stopped_at, stop_reason
FROM experiments WHERE status <> 'draft' ORDER BY id FOR UPDATE;
