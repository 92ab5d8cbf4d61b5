-- The next homes that a rule may expose units at, found among so many events of the rule's types.
-- The last home is one of them whatever is known of it: further events of it may lie beyond.
WITH looked_at AS MATERIALIZED (
    SELECT home, %(naming)s::text IS NULL OR strpos(data::text, %(naming)s) > 0 AS is_named
    FROM events
    WHERE split_part(type, '.', 1) = ANY(%(families)s)
      AND (type = ANY(%(exact)s) OR type ^@ ANY(%(prefixes)s))
      AND home > %(after)s
    ORDER BY home LIMIT %(limit)s
), span AS (
    SELECT max(home) AS last_home, count(*) = %(limit)s AS has_more FROM looked_at
)
SELECT DISTINCT home, has_more FROM looked_at, span
WHERE is_named OR (has_more AND home = last_home)
ORDER BY home;
