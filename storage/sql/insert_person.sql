-- Add a person who has not signed in yet.
INSERT INTO people (id, name, side, roles, created_at, created_by)
VALUES (%(id)s, %(name)s, %(side)s, %(roles)s, %(at)s, %(by)s);
