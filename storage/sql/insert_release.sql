-- Release a reading as this number; nothing happens where another one was released as it before.
WITH outdated AS (
    UPDATE released_readings r SET figures = NULL
    FROM experiments e
    WHERE e.key = %(key)s AND r.experiment_id = e.id AND r.number < %(number)s
      AND r.figures IS NOT NULL
)
INSERT INTO released_readings
    (experiment_id, number, epoch, released_at, mature_units, documents, figures)
SELECT id, %(number)s, %(epoch)s, %(released_at)s, %(mature_units)s, %(documents)s, %(figures)s
FROM experiments WHERE key = %(key)s
ON CONFLICT DO NOTHING
RETURNING number;
