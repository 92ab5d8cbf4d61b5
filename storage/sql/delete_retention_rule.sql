DELETE FROM retention_rules WHERE type = %(type)s
