-- The token with this secret, while it is in force, and a note, to the minute, that it was used.
WITH found AS (
    SELECT id, name, scopes, expires_at, last_used_at
    FROM tokens
    WHERE hash = %(hash)s AND revoked_at IS NULL AND expires_at > %(at)s
), noted AS (
    UPDATE tokens SET last_used_at = %(at)s
    FROM found
    WHERE tokens.id = found.id
      AND (found.last_used_at IS NULL
           OR found.last_used_at <= %(at)s::timestamptz - interval '1 minute')
)
SELECT id, name, scopes, expires_at FROM found;
