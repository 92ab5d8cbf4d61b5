-- The experiments that an experiment stems from, and all that stem from the first of them.
WITH RECURSIVE back (key, follows) AS (
    SELECT key, follows FROM experiments WHERE key = %(key)s
    UNION
    SELECT e.key, e.follows FROM experiments e JOIN back ON e.key = back.follows
), line (key, place) AS (
    SELECT key, 0 FROM back WHERE follows IS NULL
    UNION ALL
    SELECT e.key, line.place + 1 FROM experiments e JOIN line ON e.follows = line.key
)
SELECT id, body, status AS stored, epoch, created_at, registered_at, started_at, closed_at, stopped_at,
       stop_reason, reviewed_at, decided_at, starts_at, ends_at, longest_window, invalidated,
       policy_named_by(body) AS visibility, now() AS read_at
FROM line JOIN experiments USING (key)
ORDER BY place, created_at, key LIMIT %(limit)s;
