-- Readings as people were shown them. They move in steps: two of them never differ by a few accounts.

CREATE TABLE released_readings (
    experiment_id bigint NOT NULL REFERENCES experiments,
    number        integer NOT NULL CHECK (number > 0),
    epoch         integer NOT NULL,
    released_at   timestamptz NOT NULL,
    mature_units  jsonb NOT NULL,
    documents     jsonb NOT NULL,
    figures       jsonb,
    -- Also what keeps two processes from releasing two readings after the same one.
    PRIMARY KEY (experiment_id, number)
);
COMMENT ON COLUMN released_readings.mature_units IS 'In the figures, by metric and variant';
COMMENT ON COLUMN released_readings.documents IS 'The results as they were shown first, by language';
COMMENT ON COLUMN released_readings.figures IS
    'What the figures are made from; kept of the newest one alone';

GRANT SELECT ON released_readings TO roundtable_reader;
ALTER TABLE released_readings ENABLE ROW LEVEL SECURITY;
CREATE POLICY opened ON released_readings FOR SELECT TO roundtable_reader
    USING (experiment_id = (SELECT opened_experiment()));
