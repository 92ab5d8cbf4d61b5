-- Store what a batch of a partition changed, but no state that another partition wrote.
-- Alone, it may write any; those without a number stay whose they are.
INSERT INTO account_states (home, state, partition_number)
SELECT home, state, number
FROM unnest(%(homes)s::text[], %(states)s::bytea[], %(numbers)s::bigint[])
     AS changed (home, state, number)
ORDER BY home
ON CONFLICT (home) DO UPDATE
SET state = EXCLUDED.state,
    partition_number = coalesce(EXCLUDED.partition_number, account_states.partition_number)
WHERE %(takes_over)s OR account_states.partition_number = EXCLUDED.partition_number;
