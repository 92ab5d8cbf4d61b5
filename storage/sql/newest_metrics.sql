-- The newest version of every metric.
SELECT DISTINCT ON (key) version, body, created_at, proposed_by
FROM metrics ORDER BY key, version DESC;
