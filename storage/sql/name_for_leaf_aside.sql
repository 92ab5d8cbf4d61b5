-- A name that no other table has: a month may be set aside more than once.
SELECT 'aside_' || relname || '_' || oid
FROM pg_class WHERE oid = to_regclass(%(leaf)s)
