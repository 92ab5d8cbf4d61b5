-- Forget a webhook with its secrets and everything that was sent to it.
DELETE FROM webhooks WHERE id = %(id)s;
