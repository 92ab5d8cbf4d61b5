-- Nothing that is owed to this webhook will be sent by itself any more.
UPDATE webhook_deliveries SET state = 'dead', settled_at = %(at)s
WHERE webhook_id = %(webhook_id)s AND state = 'waiting';
