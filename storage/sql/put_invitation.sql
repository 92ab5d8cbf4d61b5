-- Invite a person; an invitation that was not used is replaced.
INSERT INTO invitations (hash, person, expires_at)
VALUES (%(hash)s, %(person)s, %(expires_at)s)
ON CONFLICT (person) DO UPDATE SET hash = EXCLUDED.hash, expires_at = EXCLUDED.expires_at;
