-- Use up a sign-in that comes back in time and in the browser that it began in.
DELETE FROM sign_in_flows
WHERE state_hash = %(state_hash)s AND browser_hash = %(browser_hash)s AND expires_at > %(at)s
RETURNING nonce, verifier, return_to, invitation;
