-- A page of experiments by key: those with these words that stand so, of that owner and team.
-- In steps, for otherwise every row might be asked for its words in the order of keys.
WITH named AS MATERIALIZED (
    SELECT id, key, status, starts_at, ends_at, owner, team
    FROM experiments WHERE words @@ to_tsquery('simple', %(words)s)
), page AS MATERIALIZED (
    SELECT id FROM named
    WHERE key > coalesce((SELECT key FROM experiments WHERE id = %(after)s::bigint), '')
      AND (%(stored)s::text IS NULL OR status = %(stored)s)
      AND (%(standing)s::text IS NULL OR status <> 'registered'
           OR %(standing)s = CASE WHEN starts_at > now() THEN 'registered'
                                  WHEN ends_at <= now() THEN 'closed' ELSE 'running' END)
      AND (%(owner)s::text IS NULL OR owner = %(owner)s)
      AND (%(team)s::text IS NULL OR team = %(team)s)
    ORDER BY key LIMIT %(limit)s
)
SELECT id, body, status AS stored, epoch, created_at, registered_at, started_at, closed_at, stopped_at,
       stop_reason, reviewed_at, decided_at, starts_at, ends_at, longest_window, invalidated,
       policy_named_by(body) AS visibility, now() AS read_at
FROM page JOIN experiments USING (id)
ORDER BY key;
