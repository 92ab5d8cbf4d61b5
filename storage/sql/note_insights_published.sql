-- Remember which insights the topic holds.
UPDATE insights SET published_at = %(at)s WHERE number = ANY(%(numbers)s);
