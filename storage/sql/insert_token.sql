-- Keep a new token; of its secret only the hash.
INSERT INTO tokens (id, hash, name, scopes, created_at, created_by, expires_at)
VALUES (%(id)s, %(hash)s, %(name)s, %(scopes)s, %(at)s, %(by)s, %(expires_at)s)
RETURNING id, name, scopes, created_at, created_by, expires_at, revoked_at, last_used_at;
