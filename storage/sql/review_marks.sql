-- Of each of these experiments: whether it was ever in review, and whether both sides signed the last.
SELECT e.key, count(r.id) > 0,
       coalesce((array_agg(r.is_joint ORDER BY r.number DESC) FILTER (WHERE r.is_joint IS NOT NULL))[1], false)
FROM experiments e
LEFT JOIN reviews r ON r.experiment_id = e.id
WHERE e.key = ANY(%(keys)s)
GROUP BY e.key
