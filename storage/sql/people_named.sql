-- What has to be known of people before they are given something to do.
SELECT id, side, roles, is_active FROM people WHERE id = ANY(%(ids)s);
