-- Whether a unit of the experiment was exposed, and whether its history was ever counted to the end.
SELECT EXISTS (SELECT FROM cohorts JOIN definitions d ON d.id = definition_id
               WHERE d.experiment_id = %(experiment_id)s AND d.status <> 'retired' AND units > 0),
       EXISTS (SELECT FROM definitions
               WHERE experiment_id = %(experiment_id)s AND status = 'current');
