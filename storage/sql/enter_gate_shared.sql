-- Hold off moves of contacts and changes of definitions until this transaction ends.
SELECT pg_advisory_xact_lock_shared(7264851);
