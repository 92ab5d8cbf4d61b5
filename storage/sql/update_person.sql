-- Let a person stand as they shall stand.
UPDATE people
SET name = %(name)s, side = %(side)s, roles = %(roles)s, is_active = %(is_active)s
WHERE id = %(id)s;
