-- The next homes that a backfill has to visit, locked against the live stream.
SELECT home, state FROM account_states
WHERE home > %(after)s ORDER BY home LIMIT %(limit)s FOR UPDATE;
