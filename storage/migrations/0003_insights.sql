-- What happened to experiments, kept until everybody was told: the outbox of the topic `insights`,
-- what was told last, and the webhooks with everything that was sent to them.

CREATE TABLE insights (
    number       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id           uuid NOT NULL UNIQUE,
    kind         text NOT NULL,
    subject      text COLLATE "C" NOT NULL,
    body         text NOT NULL,
    recorded_at  timestamptz NOT NULL,
    published_at timestamptz
);
COMMENT ON TABLE insights IS
    'Written with what it tells of; body is the CloudEvent as it is published and signed';
COMMENT ON COLUMN insights.subject IS 'Key on the topic, as experiment/<key>: order holds within it';
CREATE INDEX unpublished_insights ON insights (number) WHERE published_at IS NULL;
CREATE INDEX insights_by_age ON insights (recorded_at);

CREATE TABLE told_statuses (
    experiment text COLLATE "C" NOT NULL,
    metric     text COLLATE "C" NOT NULL,
    baseline   text COLLATE "C" NOT NULL,
    variant    text COLLATE "C" NOT NULL,
    status     text NOT NULL,
    told_at    timestamptz NOT NULL,
    PRIMARY KEY (experiment, metric, baseline, variant)
);
COMMENT ON TABLE told_statuses IS 'The status that the newest insight about a pair names';

CREATE TABLE told_standings (
    experiment text COLLATE "C" PRIMARY KEY,
    standing   text NOT NULL,
    told_at    timestamptz NOT NULL
);
COMMENT ON TABLE told_standings IS
    'Whether an experiment ran or was closed when it was last told of: both come by the clock';

CREATE TABLE standing_alarms (
    subject   text COLLATE "C" NOT NULL,
    alarm     text NOT NULL,
    raised_at timestamptz NOT NULL,
    PRIMARY KEY (subject, alarm)
);

CREATE TABLE event_sources (
    source           text COLLATE "C" PRIMARY KEY,
    known_since      timestamptz NOT NULL,
    last_us          bigint NOT NULL,
    longest_pause_us bigint NOT NULL DEFAULT 0
);
COMMENT ON COLUMN event_sources.longest_pause_us IS
    'Between two events, without pauses that were told of as an alarm';
-- Events come in nearly in the order of received_us: a summary per block range costs next to nothing.
CREATE INDEX events_by_arrival ON events USING brin (received_us) WITH (autosummarize = on);

CREATE TABLE webhooks (
    id              uuid PRIMARY KEY,
    url             text NOT NULL,
    kinds           text[] NOT NULL,
    experiments     text[] NOT NULL,
    note            text NOT NULL,
    is_active       boolean NOT NULL,
    created_by      text,
    created_at      timestamptz NOT NULL,
    failing_since   timestamptz,
    disabled_at     timestamptz,
    disabled_reason text,
    CHECK (is_active = (disabled_at IS NULL))
);
COMMENT ON COLUMN webhooks.kinds IS 'Empty: every kind of insight';
COMMENT ON COLUMN webhooks.experiments IS 'Empty: insights about everything';
COMMENT ON COLUMN webhooks.failing_since IS 'The first failure after which nothing came through';

CREATE TABLE webhook_secrets (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    webhook_id uuid NOT NULL REFERENCES webhooks ON DELETE CASCADE,
    secret     bytea NOT NULL,
    is_sealed  boolean NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz
);
COMMENT ON TABLE webhook_secrets IS
    'Secrets that sign; sealed where the API was given a key to do so, else plain';
CREATE INDEX secrets_of_webhook ON webhook_secrets (webhook_id);

CREATE TABLE webhook_deliveries (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    webhook_id      uuid NOT NULL REFERENCES webhooks ON DELETE CASCADE,
    insight         bigint NOT NULL REFERENCES insights ON DELETE CASCADE,
    state           text NOT NULL DEFAULT 'waiting'
                    CHECK (state IN ('waiting', 'delivered', 'dead')),
    attempts        integer NOT NULL DEFAULT 0,
    first_tried_at  timestamptz,
    next_attempt_at timestamptz NOT NULL,
    settled_at      timestamptz,
    UNIQUE (webhook_id, insight)
);
COMMENT ON COLUMN webhook_deliveries.attempts IS
    'In this series: redelivery by hand begins a new one; webhook_attempts keeps them all';
COMMENT ON COLUMN webhook_deliveries.next_attempt_at IS
    'Moved ahead while a process sends it: where that process dies, another sends it again';
CREATE INDEX waiting_deliveries ON webhook_deliveries (webhook_id, next_attempt_at)
    WHERE state = 'waiting';
CREATE INDEX deliveries_of_insight ON webhook_deliveries (insight);

CREATE TABLE webhook_attempts (
    delivery_id  bigint NOT NULL REFERENCES webhook_deliveries ON DELETE CASCADE,
    number       bigint GENERATED ALWAYS AS IDENTITY,
    began_at     timestamptz NOT NULL,
    milliseconds integer NOT NULL,
    outcome      text NOT NULL,
    status_code  integer,
    PRIMARY KEY (delivery_id, number)
);
