-- Retire what readings were made from, for the same experiment's newly built definition.
UPDATE definitions SET status = 'retired'
WHERE status = 'current'
  AND experiment_id = (SELECT experiment_id FROM definitions
                       WHERE id = %(id)s AND status = 'building')
RETURNING id;
