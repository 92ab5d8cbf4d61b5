-- The definitions that are not retired, of one experiment or of all, and how far each is built.
SELECT d.id, d.epoch, d.status, d.built_up_to, d.body
FROM definitions d JOIN experiments e ON e.id = d.experiment_id
WHERE d.status <> 'retired' AND (%(key)s::text IS NULL OR e.key = %(key)s)
ORDER BY d.id
