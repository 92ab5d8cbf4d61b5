-- Forget sign-ins that never came back; rows that another forgets are left to it.
DELETE FROM sign_in_flows WHERE state_hash IN (
    SELECT state_hash FROM sign_in_flows
    WHERE expires_at <= %(at)s
    FOR UPDATE SKIP LOCKED
);
