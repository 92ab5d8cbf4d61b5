-- Remember which definitions the topic `registry` holds.
UPDATE definitions SET published_at = %(at)s WHERE id = ANY(%(ids)s);
