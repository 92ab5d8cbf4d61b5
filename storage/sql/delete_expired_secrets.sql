-- Forget secrets that do not sign any more.
DELETE FROM webhook_secrets WHERE expires_at <= %(at)s;
