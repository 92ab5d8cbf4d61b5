-- The newest version of every policy.
SELECT DISTINCT ON (key) body, version, created_at, created_by
FROM policies ORDER BY key, version DESC;
