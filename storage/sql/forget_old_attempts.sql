-- Forget failures so old that they do not count any more; rows that another forgets are left to it.
DELETE FROM sign_in_attempts WHERE subject IN (
    SELECT subject FROM sign_in_attempts
    WHERE last_failed_at <= %(forget_before)s AND blocked_until <= %(at)s
    FOR UPDATE SKIP LOCKED
);
