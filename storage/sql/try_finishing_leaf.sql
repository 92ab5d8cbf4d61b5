-- Be the only one who drops what was set aside, until this transaction ends; or be told not to.
SELECT pg_try_advisory_xact_lock(7264856)
