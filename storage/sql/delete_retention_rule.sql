-- Events of this type are kept for ever again.
DELETE FROM retention_rules WHERE type = %(type)s
