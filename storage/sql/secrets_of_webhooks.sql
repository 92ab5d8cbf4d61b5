-- The secrets that sign at this time, the newest first.
SELECT webhook_id, secret, is_sealed FROM webhook_secrets
WHERE webhook_id = ANY(%(webhook_ids)s) AND (expires_at IS NULL OR expires_at > %(at)s)
ORDER BY id DESC;
