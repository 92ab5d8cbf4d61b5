-- The sides of these teams, held so that they cannot change meanwhile.
SELECT key, side FROM teams WHERE key = ANY(%(keys)s) FOR SHARE;
