-- How long events of a type are kept.
INSERT INTO retention_rules (type, days, changed_at, changed_by)
VALUES (%(type)s, %(days)s, %(at)s, %(by)s)
ON CONFLICT (type) DO UPDATE
SET days = excluded.days, changed_at = excluded.changed_at, changed_by = excluded.changed_by
