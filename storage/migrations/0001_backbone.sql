-- The log as stored, the state and moments computed from it, and the place each partition has reached.

CREATE TABLE events (
    source      text COLLATE "C" NOT NULL,
    id          text COLLATE "C" NOT NULL,
    type        text NOT NULL,
    time_us     bigint NOT NULL,
    home        text COLLATE "C" NOT NULL,
    account     text,
    contact     text,
    campaign    text,
    content     text,
    channel     text,
    deal        text,
    amount      bigint,
    currency    text,
    data        json NOT NULL,
    received_us bigint NOT NULL,
    PRIMARY KEY (source, id)
);
COMMENT ON COLUMN events.home IS
    'The account the event counts for: named, else that of its contact, else contact:<id>';
COMMENT ON COLUMN events.data IS 'json, not jsonb: numbers come back exactly as they were written';
CREATE INDEX events_of_home ON events (home);
CREATE INDEX events_of_contact_alone ON events (contact) WHERE account IS NULL;

CREATE VIEW events_readable AS
SELECT source, id, type, to_timestamp(time_us / 1e6) AS "time", home, account, contact, campaign,
       content, channel, deal, amount, currency, data, to_timestamp(received_us / 1e6) AS received_at
FROM events;

CREATE TABLE contacts (
    contact text COLLATE "C" PRIMARY KEY,
    home    text COLLATE "C" NOT NULL
);

CREATE TABLE contact_links (
    contact     text COLLATE "C" NOT NULL,
    account     text COLLATE "C" NOT NULL,
    explicit_us bigint,
    source      text COLLATE "C",
    id          text COLLATE "C",
    PRIMARY KEY (contact, account)
);
COMMENT ON TABLE contact_links IS
    'Accounts a contact was seen at; explicit_us is the time of its latest identity.linked event';

CREATE TABLE account_states (
    home  text COLLATE "C" PRIMARY KEY,
    state bytea NOT NULL
) WITH (fillfactor = 60);

CREATE TABLE partition_offsets (
    topic_id    uuid NOT NULL,
    partition   integer NOT NULL,
    topic       text NOT NULL,
    next_offset bigint NOT NULL CHECK (next_offset >= 0),
    accepted    bigint NOT NULL DEFAULT 0,
    duplicates  bigint NOT NULL DEFAULT 0,
    refused     bigint NOT NULL DEFAULT 0,
    updated_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (topic_id, partition)
);

CREATE TABLE dead_letters (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic_id    uuid NOT NULL,
    topic       text NOT NULL,
    partition   integer NOT NULL,
    "offset"    bigint NOT NULL,
    field       text NOT NULL,
    rule        text NOT NULL,
    detail      text NOT NULL,
    raw         bytea NOT NULL,
    received_us bigint NOT NULL,
    UNIQUE (topic_id, partition, "offset")
);

CREATE TABLE metrics (
    key        text COLLATE "C" NOT NULL,
    version    integer NOT NULL CHECK (version > 0),
    body       jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (key, version)
);

CREATE TABLE experiments (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key         text COLLATE "C" NOT NULL UNIQUE,
    body        jsonb NOT NULL,
    status      text NOT NULL CHECK (status IN ('draft', 'running', 'stopped')),
    epoch       integer NOT NULL DEFAULT 0,
    created_at  timestamptz NOT NULL,
    started_at  timestamptz,
    stopped_at  timestamptz,
    stop_reason text,
    CHECK ((status = 'draft') = (started_at IS NULL)),
    CHECK ((status = 'stopped') = (stopped_at IS NOT NULL))
);

CREATE TABLE definitions (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    experiment_id bigint NOT NULL REFERENCES experiments,
    epoch         integer NOT NULL,
    body          jsonb NOT NULL,
    status        text NOT NULL CHECK (status IN ('building', 'current', 'retired')),
    built_up_to   text COLLATE "C" NOT NULL DEFAULT '',
    homes_built   bigint NOT NULL DEFAULT 0,
    created_at    timestamptz NOT NULL,
    completed_at  timestamptz,
    published_at  timestamptz,
    UNIQUE (experiment_id, epoch)
);
COMMENT ON TABLE definitions IS
    'Frozen definitions that moments are computed under: the experiment and its pinned metrics';
CREATE UNIQUE INDEX one_current_definition ON definitions (experiment_id) WHERE status = 'current';
CREATE INDEX unpublished_definitions ON definitions (id) WHERE published_at IS NULL;
CREATE INDEX active_definitions ON definitions (id) WHERE status <> 'retired';

CREATE TABLE registry_revision (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    revision bigint NOT NULL
);
INSERT INTO registry_revision (revision) VALUES (1);
COMMENT ON TABLE registry_revision IS
    'Raised by every change of an active definition or rate, under the exclusive attribution gate';

CREATE TABLE currency_rates (
    currency   text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    valid_from date NOT NULL,
    rate       numeric NOT NULL CHECK (rate > 0),
    PRIMARY KEY (currency, valid_from)
);

-- `shard` is the partition that booked the increment: two workers never wait for the same row.
CREATE TABLE moments (
    definition_id bigint NOT NULL REFERENCES definitions,
    metric        smallint NOT NULL,
    variant       smallint NOT NULL,
    exposure_day  integer NOT NULL,
    shard         integer NOT NULL,
    n             bigint NOT NULL,
    sum_y         numeric NOT NULL,
    sum_yy        numeric NOT NULL,
    sum_x         numeric NOT NULL,
    sum_xx        numeric NOT NULL,
    sum_xy        numeric NOT NULL,
    sum_d         numeric NOT NULL,
    sum_dd        numeric NOT NULL,
    sum_yd        numeric NOT NULL,
    incomplete    bigint NOT NULL,
    PRIMARY KEY (definition_id, metric, variant, exposure_day, shard)
) WITH (fillfactor = 70);
COMMENT ON COLUMN moments.exposure_day IS 'Days since 1970-01-01 UTC';

CREATE TABLE cohorts (
    definition_id bigint NOT NULL REFERENCES definitions,
    variant       smallint NOT NULL,
    exposure_day  integer NOT NULL,
    shard         integer NOT NULL,
    units         bigint NOT NULL,
    mixed_units   bigint NOT NULL,
    exposures     bigint NOT NULL,
    PRIMARY KEY (definition_id, variant, exposure_day, shard)
) WITH (fillfactor = 70);

CREATE TABLE stray_exposures (
    definition_id bigint NOT NULL REFERENCES definitions,
    reason        smallint NOT NULL,
    shard         integer NOT NULL,
    exposures     bigint NOT NULL,
    PRIMARY KEY (definition_id, reason, shard)
);

CREATE TABLE event_types (
    type       text COLLATE "C" PRIMARY KEY,
    body       jsonb NOT NULL,
    created_at timestamptz NOT NULL
);
