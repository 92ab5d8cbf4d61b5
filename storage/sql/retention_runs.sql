-- The latest deletions by rule.
SELECT ran_at, type, older_than, events FROM retention_runs ORDER BY number DESC LIMIT %(limit)s
