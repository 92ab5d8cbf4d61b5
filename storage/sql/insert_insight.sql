-- Keep an insight until it is published, and owe it to every webhook that asks for its kind.
WITH recorded AS (
    INSERT INTO insights (id, kind, subject, body, recorded_at)
    VALUES (%(id)s, %(kind)s, %(subject)s, %(body)s, %(at)s)
    RETURNING number
)
INSERT INTO webhook_deliveries (webhook_id, insight, next_attempt_at)
SELECT hook.id, recorded.number, %(at)s
FROM recorded, webhooks AS hook
WHERE hook.is_active
  AND (hook.kinds = '{}' OR %(kind)s = ANY (hook.kinds))
  AND (hook.experiments = '{}' OR %(experiment)s = ANY (hook.experiments));
