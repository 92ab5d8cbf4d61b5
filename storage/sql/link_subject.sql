-- Let a person sign in with this account at the identity provider, and with no password.
UPDATE credentials
SET openid_issuer = %(issuer)s, openid_subject = %(subject)s, password_hash = NULL
WHERE person = %(person)s;
