-- All stored events of these types (exact, or with a prefix), whoever they belong to.
SELECT count(*)
FROM events
WHERE type = ANY(%(types)s) OR type LIKE ANY(%(prefixes)s)
