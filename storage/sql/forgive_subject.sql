-- Forget the failures of a subject.
DELETE FROM sign_in_attempts WHERE subject = %(subject)s;
