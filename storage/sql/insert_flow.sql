-- Remember a sign-in that goes to the identity provider.
INSERT INTO sign_in_flows
    (state_hash, browser_hash, nonce, verifier, return_to, invitation, expires_at)
VALUES (%(state_hash)s, %(browser_hash)s, %(nonce)s, %(verifier)s, %(return_to)s,
        %(invitation)s, %(expires_at)s);
