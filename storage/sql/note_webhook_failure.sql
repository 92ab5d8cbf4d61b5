-- Nothing has come through since then.
UPDATE webhooks SET failing_since = %(since)s WHERE id = %(id)s AND failing_since IS NULL;
