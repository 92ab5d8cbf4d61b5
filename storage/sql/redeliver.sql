-- Begin a new series of tries for these deliveries; for all dead ones where none is named.
UPDATE webhook_deliveries
SET state = 'waiting', attempts = 0, first_tried_at = NULL, next_attempt_at = %(at)s,
    settled_at = NULL
WHERE webhook_id = %(webhook_id)s AND state <> 'waiting'
  AND CASE WHEN %(ids)s::bigint[] IS NULL THEN state = 'dead' ELSE id = ANY(%(ids)s) END;
