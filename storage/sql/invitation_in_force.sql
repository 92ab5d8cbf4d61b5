-- Whether an invitation can be used.
SELECT 1 FROM invitations WHERE hash = %(hash)s AND expires_at > %(at)s;
