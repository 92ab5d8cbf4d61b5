-- Note that a review is open; the first one is remembered.
UPDATE experiments SET status = 'in_review', reviewed_at = coalesce(reviewed_at, %(at)s)
WHERE id = %(id)s;
