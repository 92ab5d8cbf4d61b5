-- Sign with one more secret.
INSERT INTO webhook_secrets (webhook_id, secret, is_sealed, created_at)
VALUES (%(webhook_id)s, %(secret)s, %(is_sealed)s, %(at)s);
