-- What readings of an experiment are made from: its current definition, else the one being built.
SELECT d.id, d.epoch, d.status, d.body, d.homes_built, d.completed_at,
       EXISTS (SELECT FROM definitions b
               WHERE b.experiment_id = e.id AND b.status = 'building' AND b.id <> d.id) AS rebuilding
FROM experiments e JOIN definitions d ON d.experiment_id = e.id
WHERE e.key = %(key)s AND d.status <> 'retired'
ORDER BY d.status = 'current' DESC, d.id DESC LIMIT 1;
