-- The packed states of these homes, locked against the live stream.
SELECT home, state FROM account_states WHERE home = ANY(%(homes)s) ORDER BY home FOR UPDATE;
