-- Policies as stored things, agreements that can be taken back, and who proposed a metric.

CREATE TABLE policies (
    key        text COLLATE "C" NOT NULL,
    version    integer NOT NULL CHECK (version > 0),
    body       jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    created_by text,
    PRIMARY KEY (key, version)
);
COMMENT ON TABLE policies IS
    'Who sees how much in which phase; a change is a new version, and a version never changes';
CREATE TRIGGER policies_stay BEFORE UPDATE OR DELETE ON policies
FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER policies_are_not_emptied BEFORE TRUNCATE ON policies
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- What every house begins with.
INSERT INTO policies (key, version, body, created_at)
SELECT body ->> 'key', 1, body, now()
FROM (VALUES
    ('{"key": "open",
       "name": "Both sides see breakdowns at all times, the organisation all readings",
       "owner_team": {"running": "segments", "in_review": "segments", "decided": "segments"},
       "other_side": {"running": "segments", "in_review": "segments", "decided": "segments"},
       "organisation": {"running": "metrics", "in_review": "metrics", "decided": "metrics"}}'::jsonb),
    ('{"key": "shared",
       "name": "Both sides read, the owner breaks down, the organisation hears what was decided",
       "owner_team": {"running": "segments", "in_review": "segments", "decided": "segments"},
       "other_side": {"running": "metrics", "in_review": "metrics", "decided": "metrics"},
       "organisation": {"running": "none", "in_review": "none", "decided": "headline"}}'),
    ('{"key": "workshop",
       "name": "The owner works undisturbed, the other side reads from the review on",
       "owner_team": {"running": "segments", "in_review": "segments", "decided": "segments"},
       "other_side": {"running": "headline", "in_review": "metrics", "decided": "metrics"},
       "organisation": {"running": "none", "in_review": "none", "decided": "headline"}}')
) AS ready_made (body);

-- In one place for every statement that reads experiments: the version that is frozen, or the newest
-- while there is none. Null where nothing has this name; the strictest holds then. As text, by which
-- whoever reads many experiments knows a policy that was read before.
CREATE FUNCTION policy_named_by(experiment jsonb) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT body::text FROM policies
    WHERE key = coalesce(experiment ->> 'policy', 'shared')
      AND version = coalesce((experiment ->> 'policy_version')::integer, version)
    ORDER BY version DESC LIMIT 1
$$;
GRANT SELECT ON policies TO roundtable_reader;

-- What was registered keeps what it was read under; a name of nothing was read as the strictest.
UPDATE experiments
SET body = body || jsonb_build_object(
    'policy', CASE WHEN coalesce(body ->> 'policy', 'shared') IN (SELECT key FROM policies)
                   THEN coalesce(body ->> 'policy', 'shared') ELSE 'workshop' END,
    'policy_version', 1)
WHERE status <> 'draft';

-- A side may agree, take it back, and agree again: each time is a row of its own.
ALTER TABLE metric_agreements
    DROP CONSTRAINT metric_agreements_pkey,
    ADD COLUMN number       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    ADD COLUMN withdrawn_at timestamptz,
    ADD COLUMN withdrawn_by text,
    ADD COLUMN reason       text,
    ADD CHECK ((withdrawn_at IS NULL) = (reason IS NULL)),
    ADD CHECK (withdrawn_at IS NOT NULL OR withdrawn_by IS NULL);
CREATE UNIQUE INDEX one_standing_agreement ON metric_agreements (metric, version, side)
    WHERE withdrawn_at IS NULL;
CREATE INDEX agreements_of_metric ON metric_agreements (metric, version);
COMMENT ON COLUMN metric_agreements.reason IS 'Why it was taken back';

ALTER TABLE metrics ADD COLUMN proposed_by text;
COMMENT ON COLUMN metrics.proposed_by IS
    'Person or token; null for the deployment token, and for versions from before this was kept';
