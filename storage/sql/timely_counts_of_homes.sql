-- When events of these homes happened that matter to a definition for their time alone.
SELECT home, type, array_agg(time_us)
FROM events
WHERE home = ANY(%(homes)s)
  AND split_part(type, '.', 1) = ANY(%(families)s)
  AND (type = ANY(%(exact)s) OR type ^@ ANY(%(prefixes)s))
  AND NOT (type = ANY(%(whole_exact)s) OR type ^@ ANY(%(whole_prefixes)s))
  AND time_us >= %(from_us)s AND time_us < %(until_us)s
GROUP BY home, type;
