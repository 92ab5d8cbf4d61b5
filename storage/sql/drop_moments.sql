-- Forget the moments of retired definitions.
DELETE FROM moments WHERE definition_id = ANY(%(ids)s);
