-- Make the tables that events of these types and times go to, where there is none yet.
SELECT open_event_leaf(type, time_us)
FROM unnest(%(types)s::text[], %(times_us)s::bigint[]) AS wanted (type, time_us)
WHERE to_regclass(event_leaf(type, time_us)) IS NULL
ORDER BY event_leaf(type, time_us);
