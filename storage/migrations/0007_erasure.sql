-- Erasure of contacts and retention by event type: what was forgotten, and how long things are kept.

CREATE TABLE erasures (
    number      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    erased_at   timestamptz NOT NULL,
    erased_by   text,
    events      bigint NOT NULL,
    accounts    integer NOT NULL,
    experiments text[] NOT NULL
);
COMMENT ON TABLE erasures IS 'That something was erased, when and by whom; not whom it was about';

CREATE TABLE erased_contacts (
    hash bytea PRIMARY KEY
);
COMMENT ON TABLE erased_contacts IS
    'SHA-256 of the erasure key and the contact: an event that comes again is left out';

CREATE TABLE erasure_key (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    key      bytea NOT NULL
);
INSERT INTO erasure_key (key)
VALUES (uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()));

CREATE TABLE retention_rules (
    type       text COLLATE "C" PRIMARY KEY,
    days       integer NOT NULL CHECK (days BETWEEN 1 AND 36500),
    changed_at timestamptz NOT NULL,
    changed_by text
);
COMMENT ON COLUMN retention_rules.type IS 'An event type, or a prefix that ends in .*';

CREATE TABLE retention_runs (
    number     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    ran_at     timestamptz NOT NULL,
    type       text NOT NULL,
    older_than timestamptz NOT NULL,
    events     bigint NOT NULL
);
