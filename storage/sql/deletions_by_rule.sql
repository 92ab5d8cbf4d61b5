-- Which types were deleted by rule, and up to which time at most.
SELECT type, (extract(epoch FROM max(older_than)) * 1000000)::bigint
FROM retention_runs GROUP BY type ORDER BY type
