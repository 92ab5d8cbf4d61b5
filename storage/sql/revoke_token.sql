-- Put a token out of force; the first moment stays.
UPDATE tokens SET revoked_at = coalesce(revoked_at, %(at)s) WHERE id = %(id)s
RETURNING id, name, scopes, created_at, created_by, expires_at, revoked_at, last_used_at;
