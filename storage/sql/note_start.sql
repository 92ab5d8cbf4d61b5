-- Note that an experiment runs from now on.
UPDATE experiments SET started_at = %(at)s WHERE id = %(id)s;
