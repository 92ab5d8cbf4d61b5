-- Note that intake was ended before its time.
UPDATE experiments SET closed_at = %(at)s WHERE id = %(id)s;
