-- Send to a webhook again; what failed before does not count against it.
UPDATE webhooks SET is_active = true, disabled_at = NULL, disabled_reason = NULL,
                    failing_since = NULL
WHERE id = %(id)s;
