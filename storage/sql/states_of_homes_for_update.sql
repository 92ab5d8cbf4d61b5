-- The packed states of these homes, locked against a backfill that runs beside.
SELECT home, state, partition_number IS DISTINCT FROM %(number)s
FROM account_states WHERE home = ANY(%(homes)s) ORDER BY home FOR UPDATE;
