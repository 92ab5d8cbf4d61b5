-- Refused records that hold a contact anywhere in their bytes.
DELETE FROM dead_letters WHERE position(%(contact)s::bytea IN raw) > 0
