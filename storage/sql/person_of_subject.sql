-- Whom an account at the identity provider belongs to, while they are active.
SELECT c.person
FROM credentials c JOIN people p ON p.id = c.person
WHERE c.openid_issuer = %(issuer)s AND c.openid_subject = %(subject)s AND p.is_active;
