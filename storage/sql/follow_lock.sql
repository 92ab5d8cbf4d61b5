-- Let one change at a time say which experiment follows which.
SELECT pg_advisory_xact_lock(7264851);
