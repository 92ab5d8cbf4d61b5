-- Whom an address belongs to, while they are active, with the hash of the password if there is one.
SELECT c.person, c.password_hash, c.openid_subject
FROM credentials c JOIN people p ON p.id = c.person
WHERE c.address_hash = %(address_hash)s AND p.is_active;
