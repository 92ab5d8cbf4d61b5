DELETE FROM dead_letters WHERE position(%(contact)s::bytea IN raw) > 0
