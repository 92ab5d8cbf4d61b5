-- Until when a subject is blocked.
SELECT blocked_until FROM sign_in_attempts WHERE subject = %(subject)s;
