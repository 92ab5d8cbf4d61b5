-- The packed states of these homes.
SELECT home, state FROM account_states WHERE home = ANY(%(homes)s);
