-- Who works here, how they sign in, and which machines may ask: people, teams, sessions, tokens.

CREATE TABLE teams (
    key        text COLLATE "C" PRIMARY KEY,
    name       text NOT NULL,
    side       text NOT NULL CHECK (side IN ('marketing', 'sales', 'neutral')),
    created_at timestamptz NOT NULL
);

CREATE TABLE people (
    id         text COLLATE "C" PRIMARY KEY,
    name       text NOT NULL,
    side       text NOT NULL CHECK (side IN ('marketing', 'sales', 'neutral')),
    roles      text[] NOT NULL
               CHECK (roles <@ ARRAY['marketer', 'seller', 'engineer', 'steward', 'leader']),
    is_active  boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL,
    created_by text
);
COMMENT ON TABLE people IS
    'Never deleted: what a person signed stays signed; who has left is not active any more';
COMMENT ON COLUMN people.created_by IS 'Person or token that added them; null for the deployment token';

CREATE TABLE team_members (
    person text COLLATE "C" NOT NULL REFERENCES people,
    team   text COLLATE "C" NOT NULL REFERENCES teams,
    PRIMARY KEY (person, team)
);
CREATE INDEX members_of_team ON team_members (team);

-- Apart from people, so that no statement about people can show what only sign-in needs.
CREATE TABLE credentials (
    person         text COLLATE "C" PRIMARY KEY REFERENCES people,
    address_hash   bytea UNIQUE,
    password_hash  text,
    openid_issuer  text COLLATE "C",
    openid_subject text COLLATE "C",
    UNIQUE (openid_issuer, openid_subject),
    CHECK ((openid_issuer IS NULL) = (openid_subject IS NULL))
);
COMMENT ON COLUMN credentials.address_hash IS
    'Keyed hash of the e-mail address: it finds the person, and cannot be read back';

CREATE TABLE invitations (
    hash       bytea PRIMARY KEY,
    person     text COLLATE "C" NOT NULL UNIQUE REFERENCES people,
    expires_at timestamptz NOT NULL
);
COMMENT ON TABLE invitations IS 'One per person, used once: to choose a password or link an account';

CREATE TABLE sessions (
    hash         bytea PRIMARY KEY,
    person       text COLLATE "C" NOT NULL REFERENCES people,
    started_at   timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL
);
COMMENT ON COLUMN sessions.hash IS 'SHA-256 of the random secret in the cookie';
CREATE INDEX sessions_of_person ON sessions (person);
CREATE INDEX sessions_by_end ON sessions (expires_at);

CREATE TABLE sign_in_flows (
    state_hash   bytea PRIMARY KEY,
    browser_hash bytea NOT NULL,
    nonce        text NOT NULL,
    verifier     text NOT NULL,
    return_to    text NOT NULL,
    invitation   bytea,
    expires_at   timestamptz NOT NULL
);
COMMENT ON TABLE sign_in_flows IS
    'Sign-ins that went to the identity provider and have not come back; each comes back once';
CREATE INDEX sign_in_flows_by_end ON sign_in_flows (expires_at);

CREATE TABLE sign_in_attempts (
    subject        bytea PRIMARY KEY,
    failures       integer NOT NULL,
    last_failed_at timestamptz NOT NULL,
    blocked_until  timestamptz NOT NULL
);
COMMENT ON TABLE sign_in_attempts IS
    'Failures by keyed hash of account or of network address, whether or not there is such an account';
CREATE INDEX sign_in_attempts_by_age ON sign_in_attempts (last_failed_at);

CREATE TABLE tokens (
    id           text COLLATE "C" PRIMARY KEY,
    hash         bytea NOT NULL UNIQUE,
    name         text NOT NULL,
    scopes       text[] NOT NULL,
    created_at   timestamptz NOT NULL,
    created_by   text,
    expires_at   timestamptz NOT NULL,
    revoked_at   timestamptz,
    last_used_at timestamptz
);
COMMENT ON COLUMN tokens.hash IS
    'SHA-256 of the secret: it has 256 random bits, so there is nothing to guess and no need to be slow';
