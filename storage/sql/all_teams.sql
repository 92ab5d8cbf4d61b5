-- Every team, by key.
SELECT key, name, side, created_at FROM teams ORDER BY key;
