-- Add an edition behind those that are there.
INSERT INTO breakdown_editions (experiment_id, dimension, variant, number, made_at, groups, moved)
SELECT id, %(dimension)s, %(variant)s, %(number)s, %(made_at)s, %(groups)s, %(moved)s
FROM experiments WHERE key = %(key)s;
