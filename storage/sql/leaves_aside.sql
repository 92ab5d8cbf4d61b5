-- Tables that were taken out of `events` and are not dropped yet.
SELECT relname FROM pg_class
WHERE relkind = 'r' AND relname ^@ 'aside_events_' AND NOT relispartition
      AND relnamespace = (SELECT relnamespace FROM pg_class WHERE oid = 'events'::regclass)
ORDER BY oid
