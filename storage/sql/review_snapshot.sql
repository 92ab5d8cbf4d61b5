-- The results that a review was opened on, in one language.
SELECT r.snapshot -> %(language)s
FROM reviews r
JOIN experiments e ON e.id = r.experiment_id
WHERE e.key = %(key)s AND r.number = %(number)s
