-- The definition that stood at a moment, and the one whose homes are known now.
SELECT (SELECT d.body FROM definitions d
        WHERE d.experiment_id = e.id AND d.created_at <= %(at)s
        ORDER BY d.epoch DESC LIMIT 1),
       (SELECT d.epoch FROM definitions d
        WHERE d.experiment_id = e.id AND d.created_at <= %(at)s
        ORDER BY d.epoch DESC LIMIT 1),
       c.id, c.body
FROM experiments e
JOIN definitions c ON c.experiment_id = e.id AND c.status = 'current'
WHERE e.key = %(key)s
