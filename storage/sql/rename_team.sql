-- Give a team another name; its side stays, for people belong to it because of that.
UPDATE teams SET name = %(name)s WHERE key = %(key)s
RETURNING key, name, side, created_at;
