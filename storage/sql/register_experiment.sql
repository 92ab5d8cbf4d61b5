-- Freeze a draft.
UPDATE experiments SET status = 'registered', registered_at = %(at)s WHERE id = %(id)s;
