-- Forget sign-ins that never came back.
DELETE FROM sign_in_flows WHERE expires_at <= %(at)s;
