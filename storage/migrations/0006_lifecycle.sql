-- Where experiments stand, what lists and searches them, and what was amended after the freeze.

ALTER TABLE experiments DROP CONSTRAINT experiments_status_check;
ALTER TABLE experiments DROP CONSTRAINT experiments_check;
ALTER TABLE experiments DROP CONSTRAINT experiments_check1;

-- Whether a registered experiment runs follows from its period.
UPDATE experiments SET status = 'registered' WHERE status = 'running';

ALTER TABLE experiments
    ADD COLUMN owner          text,
    ADD COLUMN team           text COLLATE "C",
    ADD COLUMN starts_at      timestamptz,
    ADD COLUMN ends_at        timestamptz,
    ADD COLUMN longest_window interval,
    ADD COLUMN follows        text COLLATE "C" REFERENCES experiments (key),
    ADD COLUMN registered_at  timestamptz,
    ADD COLUMN closed_at      timestamptz,
    ADD COLUMN reviewed_at    timestamptz,
    ADD COLUMN decided_at     timestamptz,
    ADD COLUMN invalidated    jsonb NOT NULL DEFAULT '{}',
    ADD COLUMN words          tsvector GENERATED ALWAYS AS (
        to_tsvector('simple', key || ' ' || coalesce(body ->> 'name', '') || ' '
                              || coalesce(body ->> 'hypothesis', ''))
    ) STORED;

UPDATE experiments
SET owner = body ->> 'owner', starts_at = (body ->> 'starts_at')::timestamptz,
    ends_at = (body ->> 'ends_at')::timestamptz, registered_at = started_at;

-- Metrics that were meant in their newest version keep the one that moments were computed with.
WITH pinned AS (
    SELECT DISTINCT ON (d.experiment_id) d.experiment_id, d.body -> 'metrics' AS metrics
    FROM definitions d ORDER BY d.experiment_id, d.epoch DESC
), uses AS (
    SELECT e.id, jsonb_agg(use.body || jsonb_build_object('version', metric.body -> 'version')
                           ORDER BY use.place) AS metrics,
           max(make_interval(
               days => 365 * extract(year FROM span.of)::int + extract(day FROM span.of)::int,
               secs => extract(epoch FROM span.of - date_trunc('day', span.of))::float8
           )) AS longest_window
    FROM experiments e
    JOIN pinned p ON p.experiment_id = e.id
    CROSS JOIN jsonb_array_elements(e.body -> 'metrics') WITH ORDINALITY AS use (body, place)
    JOIN jsonb_array_elements(p.metrics) AS metric (body)
      ON metric.body -> 'key' = use.body -> 'metric'
    CROSS JOIN LATERAL (SELECT (metric.body ->> 'window')::interval) AS span (of)
    GROUP BY e.id
)
UPDATE experiments e
SET body = jsonb_set(e.body, '{metrics}', uses.metrics), longest_window = uses.longest_window
FROM uses WHERE uses.id = e.id;

ALTER TABLE experiments
    ALTER COLUMN owner SET NOT NULL,
    ALTER COLUMN starts_at SET NOT NULL,
    ADD CHECK (status IN ('draft', 'registered', 'in_review', 'decided', 'stopped')),
    ADD CHECK ((status = 'draft') = (registered_at IS NULL)),
    ADD CHECK (status <> 'stopped' OR stopped_at IS NOT NULL),
    ADD CHECK (status <> 'in_review' OR reviewed_at IS NOT NULL),
    ADD CHECK ((status = 'decided') = (decided_at IS NOT NULL)),
    ADD CHECK ((stopped_at IS NULL) = (stop_reason IS NULL));
COMMENT ON COLUMN experiments.status IS 'What people decided last; whether it runs follows from its period';
COMMENT ON COLUMN experiments.started_at IS 'When somebody let it run before its period began';
COMMENT ON COLUMN experiments.invalidated IS
    'Metric key, or * for all, to the first amendment that changed what the number means';

-- Bodies out of line: lists and searches then read narrow rows, and only the bodies of their page.
ALTER TABLE experiments SET (toast_tuple_target = 256);
ALTER TABLE experiments ALTER COLUMN words SET STORAGE MAIN;

CREATE INDEX experiments_by_status ON experiments (status, key);
CREATE INDEX experiments_by_owner ON experiments (owner, key);
CREATE INDEX experiments_by_team ON experiments (team, key) WHERE team IS NOT NULL;
CREATE INDEX experiments_that_follow ON experiments (follows) WHERE follows IS NOT NULL;
CREATE INDEX experiments_by_word ON experiments USING gin (words);

CREATE TABLE amendments (
    experiment_id  bigint NOT NULL REFERENCES experiments,
    number         integer NOT NULL CHECK (number > 0),
    epoch          integer NOT NULL,
    amended_at     timestamptz NOT NULL,
    amended_by     text,
    reason         text NOT NULL,
    changes        jsonb NOT NULL,
    touched        text[] NOT NULL,
    after_exposure boolean NOT NULL,
    PRIMARY KEY (experiment_id, number)
);
COMMENT ON COLUMN amendments.changes IS 'Field, what it was before, and what it is after';
COMMENT ON COLUMN amendments.touched IS 'Metric keys, or * for all: what the change gives another meaning';

CREATE TABLE metric_agreements (
    metric    text COLLATE "C" NOT NULL,
    version   integer NOT NULL,
    side      text NOT NULL CHECK (side IN ('marketing', 'sales')),
    agreed_at timestamptz NOT NULL,
    agreed_by text,
    PRIMARY KEY (metric, version, side),
    FOREIGN KEY (metric, version) REFERENCES metrics (key, version)
);
COMMENT ON TABLE metric_agreements IS
    'A version of a metric is in force once both sides agreed to it';
