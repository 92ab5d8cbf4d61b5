-- Let the rest of the transaction read for a limited time, on one core, and write nothing.
SELECT set_config('statement_timeout', %(milliseconds)s::text, true),
       set_config('max_parallel_workers_per_gather', '0', true),
       set_config('transaction_read_only', 'on', true);
