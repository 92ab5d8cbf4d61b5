-- A page of what was and is to be sent to a webhook, the newest first.
SELECT owed.id, insight.id AS insight_id, insight.kind, insight.subject, insight.body, owed.state,
       owed.attempts, owed.next_attempt_at, owed.settled_at, insight.recorded_at
FROM webhook_deliveries AS owed JOIN insights AS insight ON insight.number = owed.insight
WHERE owed.webhook_id = %(webhook_id)s
  AND (%(before)s::bigint IS NULL OR owed.id < %(before)s)
  AND (%(state)s::text IS NULL OR owed.state = %(state)s)
ORDER BY owed.id DESC LIMIT %(limit)s;
