-- Take no attempt of a subject before this moment.
UPDATE sign_in_attempts SET blocked_until = %(until)s WHERE subject = %(subject)s;
