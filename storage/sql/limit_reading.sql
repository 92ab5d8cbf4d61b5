-- Let the rest of the transaction read for a limited time, on one core, beside one other at most.
SELECT set_config('statement_timeout', %(milliseconds)s::text, true),
       set_config('max_parallel_workers_per_gather', '0', true),
       set_config('transaction_read_only', 'on', true),
       pg_try_advisory_xact_lock(7264852) OR pg_try_advisory_xact_lock(7264853);
