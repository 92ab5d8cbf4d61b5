-- Send nothing more to a webhook.
UPDATE webhooks SET is_active = false, disabled_at = %(at)s, disabled_reason = %(reason)s
WHERE id = %(id)s;
