-- Whether nobody else makes a step of this experiment; nobody will to the end of the transaction.
SELECT pg_try_advisory_xact_lock(hashtextextended(%(key)s, 10));
