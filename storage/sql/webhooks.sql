-- Webhooks in the order in which they were made; those of one owner alone where one is named.
SELECT id, url, kinds, experiments, note, is_active, created_by, created_at, failing_since,
       disabled_at, disabled_reason
FROM webhooks
WHERE %(owner)s::text IS NULL OR created_by = %(owner)s
ORDER BY created_at, id;
