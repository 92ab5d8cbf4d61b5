-- Take back one attempt that was no failure; a block that other failures earned stays.
UPDATE sign_in_attempts
SET failures = greatest(failures - 1, 0),
    blocked_until = CASE WHEN failures <= %(free)s THEN %(at)s ELSE blocked_until END
WHERE subject = %(subject)s;
