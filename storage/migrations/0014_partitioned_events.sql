-- Events by type and month, so that what is no longer kept goes by dropping a table; names of events
-- by themselves, for an index over partitions could not keep an event from being stored under two
-- times; and which partition of the log a home's state belongs to.

DROP VIEW events_readable;
ALTER TABLE events RENAME TO events_before;
ALTER TABLE events_before RENAME CONSTRAINT events_pkey TO events_before_pkey;
DROP INDEX events_of_home, events_of_contact_alone, events_by_arrival;

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
    received_us bigint NOT NULL
) PARTITION BY LIST ((split_part(type, '.', 1)));
COMMENT ON COLUMN events.home IS
    'The account the event counts for: named, else that of its contact, else contact:<id>';
COMMENT ON COLUMN events.data IS 'json, not jsonb: numbers come back exactly as they were written';

CREATE TABLE events_experiment PARTITION OF events FOR VALUES IN ('experiment')
    PARTITION BY RANGE (time_us);
CREATE TABLE events_engagement PARTITION OF events FOR VALUES IN ('engagement')
    PARTITION BY RANGE (time_us);
CREATE TABLE events_lead PARTITION OF events FOR VALUES IN ('lead') PARTITION BY RANGE (time_us);
CREATE TABLE events_deal PARTITION OF events FOR VALUES IN ('deal') PARTITION BY RANGE (time_us);
CREATE TABLE events_identity PARTITION OF events FOR VALUES IN ('identity')
    PARTITION BY RANGE (time_us);
CREATE TABLE events_own PARTITION OF events DEFAULT PARTITION BY RANGE (time_us);
COMMENT ON TABLE events_own IS 'Of types that were registered';

CREATE INDEX events_of_home ON events (home);
CREATE INDEX events_of_contact_alone ON events (contact) WHERE account IS NULL;
CREATE INDEX events_by_arrival ON events USING brin (received_us) WITH (autosummarize = on);

-- A month of its own from here on; what is older shares one table, for nobody measures by it.
CREATE FUNCTION event_leaf_start(time_us bigint) RETURNS timestamptz LANGUAGE sql IMMUTABLE
AS $$
    SELECT CASE
        WHEN time_us < 1577836800000000 THEN timestamptz '1970-01-01 00:00:00+00'
        ELSE date_trunc('month', timestamptz 'epoch' + time_us * interval '1 microsecond', 'UTC')
    END
$$;

CREATE FUNCTION event_leaf(type text, time_us bigint) RETURNS text LANGUAGE sql IMMUTABLE
AS $$
    SELECT CASE
        WHEN split_part(type, '.', 1) IN ('experiment', 'engagement', 'lead', 'deal', 'identity')
            THEN 'events_' || split_part(type, '.', 1)
        ELSE 'events_own'
    END || '_' || to_char(event_leaf_start(time_us) AT TIME ZONE 'UTC', 'YYYY_MM')
$$;
COMMENT ON FUNCTION event_leaf IS 'The table that holds events of this type and time';

-- Attached, not created as a partition: that would wait for every reader of `events`.
CREATE FUNCTION open_event_leaf(type text, time_us bigint) RETURNS void LANGUAGE plpgsql
AS $$
DECLARE
    leaf text := event_leaf(type, time_us);
    parent text := left(leaf, -8);
    first timestamptz := event_leaf_start(time_us);
    next timestamptz := CASE WHEN time_us < 1577836800000000
        THEN timestamptz '2020-01-01 00:00:00+00'
        ELSE (first AT TIME ZONE 'UTC' + interval '1 month') AT TIME ZONE 'UTC' END;
BEGIN
    PERFORM pg_advisory_xact_lock(7264854);
    -- Asked of the table: a name that was looked up before the lock may be remembered as missing.
    IF EXISTS (SELECT FROM pg_class WHERE relname = leaf AND relnamespace =
               (SELECT relnamespace FROM pg_class WHERE oid = parent::regclass)) THEN
        RETURN;
    END IF;
    EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL)', leaf, parent);
    EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%s) TO (%s)', parent, leaf,
                   (extract(epoch FROM first) * 1000000)::bigint,
                   (extract(epoch FROM next) * 1000000)::bigint);
END
$$;

CREATE TABLE event_names (name uuid PRIMARY KEY);
COMMENT ON TABLE event_names IS
    'Of each event that was ever taken: the first half of SHA-256 of source, a zero byte and id';
CREATE FUNCTION event_name(source text, id text) RETURNS uuid LANGUAGE sql IMMUTABLE
AS $$
    SELECT encode(substring(
        sha256(convert_to(source, 'UTF8') || '\x00'::bytea || convert_to(id, 'UTF8')) FOR 16
    ), 'hex')::uuid
$$;

SELECT open_event_leaf(min(type), min(time_us))
FROM events_before GROUP BY event_leaf(type, time_us);
INSERT INTO events (source, id, type, time_us, home, account, contact, campaign, content, channel,
                    deal, amount, currency, data, received_us)
SELECT source, id, type, time_us, home, account, contact, campaign, content, channel, deal, amount,
       currency, data, received_us
FROM events_before;
INSERT INTO event_names (name) SELECT event_name(source, id) FROM events_before;
DROP TABLE events_before;

CREATE VIEW events_readable AS
SELECT source, id, type, to_timestamp(time_us / 1e6) AS "time", home, account, contact, campaign,
       content, channel, deal, amount, currency, data, to_timestamp(received_us / 1e6) AS received_at
FROM events;

GRANT SELECT ON events TO roundtable_reader;
ALTER TABLE events ENABLE ROW LEVEL SECURITY;
CREATE POLICY opened ON events FOR SELECT TO roundtable_reader
    USING ((SELECT opened_experiment()) IS NOT NULL);

-- A home belongs to the partition that wrote its state last. Another one (partitions were added to
-- the topic, or it was made again) takes it over alone, never beside.
ALTER TABLE partition_offsets ADD COLUMN number integer GENERATED ALWAYS AS IDENTITY UNIQUE;
ALTER TABLE account_states ADD COLUMN partition_number integer;
COMMENT ON COLUMN account_states.partition_number IS
    'partition_offsets.number of the partition whose batch wrote the state; null: none since this was noted';

-- A contact that was only ever named beside the account of its home needs no note of that.
DELETE FROM contact_links AS link USING contacts AS known
WHERE link.contact = known.contact AND link.account = known.home AND link.explicit_us IS NULL
  AND NOT EXISTS (SELECT FROM contact_links AS other
                  WHERE other.contact = link.contact AND other.account <> link.account);
COMMENT ON TABLE contact_links IS
    'Accounts a contact was seen at; none where a name beside its home''s account is all that was '
    'ever said. explicit_us is the time of its latest identity.linked event';
