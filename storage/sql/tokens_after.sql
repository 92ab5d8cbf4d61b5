-- A page of tokens by id.
SELECT id, name, scopes, created_at, created_by, expires_at, revoked_at, last_used_at
FROM tokens WHERE id > %(after)s ORDER BY id LIMIT %(limit)s;
