-- Every event of a contact at the homes where it was seen.
DELETE FROM events WHERE home = ANY(%(homes)s) AND contact = %(contact)s RETURNING home
