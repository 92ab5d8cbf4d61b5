-- Add a draft.
INSERT INTO experiments (key, body, status, created_at)
VALUES (%(key)s, %(body)s, 'draft', %(created_at)s)
ON CONFLICT (key) DO NOTHING
RETURNING id;
