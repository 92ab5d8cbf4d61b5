-- Something came through.
UPDATE webhooks SET failing_since = NULL WHERE id = %(id)s AND failing_since IS NOT NULL;
