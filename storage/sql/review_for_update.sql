-- One review, held until the end of the transaction.
SELECT r.id, r.number, r.epoch, r.opened_at, r.opened_by, r.deadline, r.proposal, r.concluded_at,
       r.snapshot -> 'en' -> 'decisions'
FROM reviews r
JOIN experiments e ON e.id = r.experiment_id
WHERE e.key = %(key)s AND r.number = %(number)s
FOR UPDATE OF r
