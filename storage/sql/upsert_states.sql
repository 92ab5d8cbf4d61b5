-- Store changed states.
INSERT INTO account_states (home, state)
SELECT home, state FROM unnest(%(homes)s::text[], %(states)s::bytea[]) AS changed (home, state)
ORDER BY home
ON CONFLICT (home) DO UPDATE SET state = EXCLUDED.state;
