-- Use an invitation up: the active person whom it was for, if it has not ended.
DELETE FROM invitations i USING people p
WHERE i.hash = %(hash)s AND i.expires_at > %(at)s AND p.id = i.person AND p.is_active
RETURNING i.person;
