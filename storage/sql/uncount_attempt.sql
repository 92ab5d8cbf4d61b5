-- Take back the attempt that was counted last: it was no failure.
UPDATE sign_in_attempts
SET failures = greatest(failures - 1, 0), blocked_until = %(at)s
WHERE subject = %(subject)s;
