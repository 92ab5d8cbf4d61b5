-- Plan for whole answers, sort them in moderate memory, and let no limit end what only reads.
SELECT set_config('cursor_tuple_fraction', '1', true), set_config('work_mem', '64MB', true),
       set_config('statement_timeout', '0', true),
       set_config('idle_in_transaction_session_timeout', '0', true)
