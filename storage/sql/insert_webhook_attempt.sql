-- Log one try.
INSERT INTO webhook_attempts (delivery_id, began_at, milliseconds, outcome, status_code)
VALUES (%(delivery_id)s, %(began_at)s, %(milliseconds)s, %(outcome)s, %(status_code)s);
