-- Store states that were evaluated anew, whichever partition they belong to.
UPDATE account_states SET state = changed.state
FROM unnest(%(homes)s::text[], %(states)s::bytea[]) AS changed (home, state)
WHERE account_states.home = changed.home;
