-- Forget where units of retired definitions were.
DELETE FROM definition_homes WHERE definition_id = ANY(%(ids)s);
