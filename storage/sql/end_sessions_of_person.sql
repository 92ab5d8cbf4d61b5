-- End every session of a person, but for the one to keep, if any.
DELETE FROM sessions
WHERE person = %(person)s AND hash IS DISTINCT FROM %(keep)s::bytea;
