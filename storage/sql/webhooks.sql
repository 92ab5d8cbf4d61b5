-- Every webhook, in the order in which they were made.
SELECT id, url, kinds, experiments, note, is_active, created_by, created_at, failing_since,
       disabled_at, disabled_reason
FROM webhooks ORDER BY created_at, id;
