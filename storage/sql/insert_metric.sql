-- Add a version of a metric.
INSERT INTO metrics (key, version, body, created_at, proposed_by)
VALUES (%(key)s, %(version)s, %(body)s, %(created_at)s, %(proposed_by)s);
