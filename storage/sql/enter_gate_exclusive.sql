-- Hold off every batch until this transaction ends: for moves of contacts and changes of definitions.
SELECT pg_advisory_xact_lock(7264851);
