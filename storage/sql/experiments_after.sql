-- A page of experiments by key: those that stand so, of that owner and team.
SELECT id, body, status AS stored, epoch, created_at, registered_at, started_at, closed_at, stopped_at,
       stop_reason, reviewed_at, decided_at, starts_at, ends_at, longest_window, invalidated,
       policy_named_by(body) AS visibility, now() AS read_at
FROM experiments
WHERE key > coalesce((SELECT key FROM experiments WHERE id = %(after)s::bigint), '')
  AND (%(stored)s::text IS NULL OR status = %(stored)s)
  AND (%(standing)s::text IS NULL OR status <> 'registered'
       OR %(standing)s = CASE WHEN starts_at > now() THEN 'registered'
                              WHEN ends_at <= now() THEN 'closed' ELSE 'running' END)
  AND (%(owner)s::text IS NULL OR owner = %(owner)s)
  AND (%(team)s::text IS NULL OR team = %(team)s)
ORDER BY key LIMIT %(limit)s;
