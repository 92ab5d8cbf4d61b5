-- Every try of these deliveries, the oldest first.
SELECT delivery_id, began_at, milliseconds, outcome, status_code FROM webhook_attempts
WHERE delivery_id = ANY(%(delivery_ids)s) ORDER BY delivery_id, number;
