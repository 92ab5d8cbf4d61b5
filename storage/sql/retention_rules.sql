-- All rules, by type.
SELECT type, days, changed_at, changed_by FROM retention_rules ORDER BY type
