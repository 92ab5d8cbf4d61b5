-- Forget the stray exposures of retired definitions.
DELETE FROM stray_exposures WHERE definition_id = ANY(%(ids)s);
