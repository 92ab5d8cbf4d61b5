-- A review is over; whether both sides took part stays with it.
UPDATE reviews SET concluded_at = %(at)s, is_joint = %(is_joint)s WHERE id = %(review_id)s
