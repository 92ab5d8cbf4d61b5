-- Forget failures so old that they do not count any more.
DELETE FROM sign_in_attempts WHERE last_failed_at <= %(forget_before)s AND blocked_until <= %(at)s;
