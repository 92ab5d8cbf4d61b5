-- Add a version of a metric.
INSERT INTO metrics (key, version, body, created_at)
VALUES (%(key)s, %(version)s, %(body)s, %(created_at)s);
