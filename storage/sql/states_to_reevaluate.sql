-- The packed states of these homes, locked: whoever asks is alone in the gate.
SELECT home, state FROM account_states WHERE home = ANY(%(homes)s) ORDER BY home FOR UPDATE;
