-- Count an attempt before it is judged, unless its subject is blocked; says how many there were.
INSERT INTO sign_in_attempts AS a (subject, failures, last_failed_at, blocked_until)
VALUES (%(subject)s, 1, %(at)s, %(at)s)
ON CONFLICT (subject) DO UPDATE
SET failures = CASE WHEN a.last_failed_at <= %(forget_before)s THEN 1 ELSE a.failures + 1 END,
    last_failed_at = %(at)s
WHERE a.blocked_until <= %(at)s
RETURNING failures;
