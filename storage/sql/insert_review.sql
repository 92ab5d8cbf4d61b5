-- A review with the results it is about, numbered within its experiment.
INSERT INTO reviews (experiment_id, number, epoch, snapshot, opened_at, opened_by, deadline)
SELECT %(experiment_id)s, coalesce(max(number), 0) + 1, %(epoch)s, %(snapshot)s, %(opened_at)s,
       %(opened_by)s, %(deadline)s
FROM reviews
WHERE experiment_id = %(experiment_id)s
RETURNING number
