DELETE FROM events WHERE home = ANY(%(homes)s) AND contact = %(contact)s RETURNING home
