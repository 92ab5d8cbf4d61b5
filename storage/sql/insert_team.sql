-- Write down a team, unless its key is taken.
INSERT INTO teams (key, name, side, created_at)
VALUES (%(key)s, %(name)s, %(side)s, %(at)s)
ON CONFLICT DO NOTHING
RETURNING key, name, side, created_at;
