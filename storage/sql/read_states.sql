-- The packed states of these homes, for a look that changes nothing.
SELECT home, state FROM account_states WHERE home = ANY(%(homes)s);
