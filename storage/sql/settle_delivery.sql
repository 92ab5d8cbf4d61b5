-- Note how a try ended, unless another process has settled the delivery meanwhile.
UPDATE webhook_deliveries
SET state = %(state)s, attempts = attempts + 1,
    next_attempt_at = COALESCE(%(next_attempt_at)s, next_attempt_at),
    settled_at = CASE WHEN %(state)s = 'waiting' THEN NULL ELSE %(at)s::timestamptz END
WHERE id = %(id)s AND state = 'waiting';
