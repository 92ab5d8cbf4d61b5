-- Let every secret of a webhook end, none later than it already would.
UPDATE webhook_secrets SET expires_at = least(expires_at, %(expires_at)s)
WHERE webhook_id = %(webhook_id)s;
