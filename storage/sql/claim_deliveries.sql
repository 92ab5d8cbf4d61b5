-- Take deliveries that are due, few of each webhook, and keep other processes off them for a while.
WITH due AS MATERIALIZED (
    SELECT owed.id
    FROM webhooks AS hook
    CROSS JOIN LATERAL (
        SELECT id, next_attempt_at FROM webhook_deliveries
        WHERE webhook_id = hook.id AND state = 'waiting' AND next_attempt_at <= %(at)s
        ORDER BY next_attempt_at, id
        LIMIT CASE WHEN hook.failing_since IS NULL THEN %(of_each)s::bigint ELSE 1 END
        FOR UPDATE SKIP LOCKED
    ) AS owed
    WHERE hook.is_active AND hook.id <> ALL (%(busy)s::uuid[])
    ORDER BY owed.next_attempt_at, owed.id
    LIMIT %(most)s
)
UPDATE webhook_deliveries AS taken
SET next_attempt_at = %(until)s, first_tried_at = COALESCE(taken.first_tried_at, %(at)s)
FROM due, webhooks AS hook, insights AS insight
WHERE taken.id = due.id AND hook.id = taken.webhook_id AND insight.number = taken.insight
RETURNING taken.id, taken.webhook_id, hook.url, hook.created_by AS owner,
          insight.id AS insight_id, insight.body, taken.attempts, taken.first_tried_at;
