-- The experiments on such units that run now and have one of these definitions.
SELECT d.id, e.key
FROM definitions d JOIN experiments e ON e.id = d.experiment_id
WHERE d.id = ANY(%(definitions)s) AND d.status <> 'retired' AND e.key <> %(key)s
  AND e.body ->> 'unit' = %(unit)s AND e.status = 'registered'
  AND e.starts_at <= now() AND (e.ends_at IS NULL OR e.ends_at > now());
