-- Count definitions that are not finished, with the age of the oldest; measure the database.
SELECT
    count(*) AS builds_waiting,
    coalesce(extract(epoch FROM now() - min(created_at)), 0)::float8 AS oldest_build_seconds,
    pg_database_size(current_database()) AS database_bytes
FROM definitions
WHERE status = 'building'
