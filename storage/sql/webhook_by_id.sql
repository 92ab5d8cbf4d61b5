-- One webhook.
SELECT id, url, kinds, experiments, note, is_active, created_by, created_at, failing_since,
       disabled_at, disabled_reason
FROM webhooks WHERE id = %(id)s;
