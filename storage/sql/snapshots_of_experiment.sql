-- The results that the reviews of an experiment were opened on, in every language, the first first.
SELECT r.snapshot
FROM reviews r
JOIN experiments e ON e.id = r.experiment_id
WHERE e.key = %(key)s
ORDER BY r.number
