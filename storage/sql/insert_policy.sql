-- Add a version of a policy.
INSERT INTO policies (key, version, body, created_at, created_by)
VALUES (%(key)s, %(version)s, %(body)s, %(created_at)s, %(created_by)s);
