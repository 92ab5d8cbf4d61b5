-- The next states of homes that may hold units of a definition.
SELECT h.home, s.state
FROM definition_homes h JOIN account_states s USING (home)
WHERE h.definition_id = %(id)s AND h.home > %(after)s
ORDER BY h.home LIMIT %(limit)s;
