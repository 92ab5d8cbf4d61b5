-- The packed states of these homes, and whether another partition of the log wrote them.
SELECT home, state, partition_number IS DISTINCT FROM %(number)s
FROM account_states WHERE home = ANY(%(homes)s);
