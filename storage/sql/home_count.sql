-- The number of homes that a build has to visit.
SELECT count(*) FROM account_states;
