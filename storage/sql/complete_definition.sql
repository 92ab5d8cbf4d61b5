-- Make a built definition the one that readings are made from.
UPDATE definitions SET status = 'current', completed_at = %(completed_at)s
WHERE id = %(id)s AND status = 'building';
