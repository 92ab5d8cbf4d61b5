-- Every leaf of `events` with the times it may hold and its size in pages, the oldest first.
SELECT leaf.relname, family.relname, bounds.found[1]::bigint, bounds.found[2]::bigint,
       pg_relation_size(leaf.oid) / current_setting('block_size')::bigint
FROM pg_inherits of_events
JOIN pg_class family ON family.oid = of_events.inhrelid
JOIN pg_inherits of_family ON of_family.inhparent = family.oid
JOIN pg_class leaf ON leaf.oid = of_family.inhrelid
CROSS JOIN LATERAL regexp_match(pg_get_expr(leaf.relpartbound, leaf.oid),
                                'FROM \(''?(-?\d+)''?\) TO \(''?(-?\d+)''?\)') AS bounds (found)
WHERE of_events.inhparent = 'events'::regclass
ORDER BY 3, 1;
