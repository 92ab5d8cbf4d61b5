-- The hash of a person's password, if there is one.
SELECT password_hash FROM credentials WHERE person = %(person)s;
