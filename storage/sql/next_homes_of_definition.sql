-- The next homes that may hold units of a definition.
SELECT home FROM definition_homes
WHERE definition_id = %(id)s AND home > %(after)s
ORDER BY home LIMIT %(limit)s
