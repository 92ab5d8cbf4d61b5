-- A token that is in force at this time.
SELECT id, name, scopes, expires_at FROM tokens
WHERE id = %(id)s AND revoked_at IS NULL AND expires_at > %(at)s;
