-- Store what a batch of this partition changed, but no state that another partition wrote.
INSERT INTO account_states (home, state, partition_number)
SELECT home, state, %(number)s
FROM unnest(%(homes)s::text[], %(states)s::bytea[]) AS changed (home, state)
ORDER BY home
ON CONFLICT (home) DO UPDATE
SET state = EXCLUDED.state, partition_number = EXCLUDED.partition_number
WHERE %(takes_over)s OR account_states.partition_number = EXCLUDED.partition_number;
