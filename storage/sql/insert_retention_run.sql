-- What a deletion by rule came to.
INSERT INTO retention_runs (ran_at, type, older_than, events)
VALUES (%(at)s, %(type)s, %(older_than)s, %(events)s)
