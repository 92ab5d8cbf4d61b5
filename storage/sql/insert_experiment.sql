-- Add a draft.
INSERT INTO experiments (key, body, status, created_at, owner, team, starts_at, ends_at, follows)
VALUES (%(key)s, %(body)s, 'draft', %(created_at)s, %(owner)s, %(team)s, %(starts_at)s,
        %(ends_at)s, %(follows)s)
ON CONFLICT (key) DO NOTHING
RETURNING id;
