-- Let a person sign in with this password, and with no other.
UPDATE credentials SET password_hash = %(password_hash)s WHERE person = %(person)s;
