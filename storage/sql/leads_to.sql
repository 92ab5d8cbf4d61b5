-- Whether following an experiment backwards leads to another one.
WITH RECURSIVE line (key, follows) AS (
    SELECT key, follows FROM experiments WHERE key = %(start)s
    UNION
    SELECT e.key, e.follows FROM experiments e JOIN line ON e.key = line.follows
)
SELECT EXISTS (SELECT FROM line WHERE key = %(key)s);
