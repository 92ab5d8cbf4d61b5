-- Begin a session.
INSERT INTO sessions (hash, person, started_at, last_seen_at, expires_at)
VALUES (%(hash)s, %(person)s, %(at)s, %(at)s, %(expires_at)s);
