-- Keep an amendment, and note which numbers it made unreadable.
WITH amended AS (
    UPDATE experiments SET invalidated = %(invalidated)s WHERE id = %(experiment_id)s
)
INSERT INTO amendments (experiment_id, number, epoch, amended_at, amended_by, reason, changes,
                        touched, after_exposure)
VALUES (%(experiment_id)s, %(number)s, %(epoch)s, %(amended_at)s, %(amended_by)s, %(reason)s,
        %(changes)s, %(touched)s, %(after_exposure)s);
