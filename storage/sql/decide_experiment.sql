-- Note that both sides have decided.
UPDATE experiments SET status = 'decided', decided_at = %(at)s WHERE id = %(id)s;
