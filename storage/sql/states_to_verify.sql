-- Every state, in the order in which histories are walked.
SELECT home, state FROM account_states ORDER BY home
