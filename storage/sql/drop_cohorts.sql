-- Forget the counts of retired definitions.
DELETE FROM cohorts WHERE definition_id = ANY(%(ids)s);
