-- A page of experiments by key.
SELECT id, key, body, status, epoch, created_at, started_at, stopped_at, stop_reason
FROM experiments
WHERE key > %(after)s AND (%(status)s::text IS NULL OR status = %(status)s)
ORDER BY key LIMIT %(limit)s;
