-- The reading that people were shown at this moment, in one language.
SELECT r.documents -> %(language)s
FROM released_readings r JOIN experiments e ON e.id = r.experiment_id
WHERE e.key = %(key)s AND r.released_at <= %(at)s
ORDER BY r.number DESC LIMIT 1;
