-- The amendments of an experiment, the oldest first.
SELECT number, epoch, amended_at, amended_by, reason, changes, touched, after_exposure
FROM amendments WHERE experiment_id = %(experiment_id)s ORDER BY number;
