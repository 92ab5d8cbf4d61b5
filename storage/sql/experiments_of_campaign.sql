-- The experiments that are part of a campaign, by key.
SELECT id, body, status AS stored, epoch, created_at, registered_at, started_at, closed_at, stopped_at,
       stop_reason, reviewed_at, decided_at, starts_at, ends_at, longest_window, invalidated,
       policy_named_by(body) AS visibility, now() AS read_at
FROM experiments
WHERE body ->> 'campaign' = %(campaign)s AND body ->> 'campaign' IS NOT NULL
ORDER BY key LIMIT %(limit)s;
