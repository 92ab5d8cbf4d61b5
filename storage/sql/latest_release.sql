-- The reading that people are shown now, with what its figures are made from.
SELECT r.number, r.epoch, r.released_at, r.mature_units, r.documents, r.figures
FROM released_readings r JOIN experiments e ON e.id = r.experiment_id
WHERE e.key = %(key)s
ORDER BY r.number DESC LIMIT 1;
