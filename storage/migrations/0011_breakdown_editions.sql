-- What was released of breakdowns: a ledger that only grows, so that each edition is held against all.

CREATE TABLE breakdown_editions (
    experiment_id bigint NOT NULL REFERENCES experiments,
    dimension     text NOT NULL,
    variant       text NOT NULL,
    number        integer NOT NULL CHECK (number > 0),
    made_at       timestamptz NOT NULL,
    groups        jsonb NOT NULL,
    moved         text[] NOT NULL,
    PRIMARY KEY (experiment_id, dimension, variant, number)
);
COMMENT ON TABLE breakdown_editions IS
    'Small groups stand here as they are: no page reads it. Groups are those that people named when '
    'they registered the experiment, so nothing that events hold is kept, and nobody is erased here';
COMMENT ON COLUMN breakdown_editions.groups IS 'Accounts, and events among them by metric';
COMMENT ON COLUMN breakdown_editions.moved IS 'The groups whose figures people saw anew';

CREATE TRIGGER breakdown_editions_stay BEFORE UPDATE OR DELETE ON breakdown_editions
FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER breakdown_editions_are_not_emptied BEFORE TRUNCATE ON breakdown_editions
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- No policy and no grant: whoever reads results through roundtable_reader reads nothing of this.
ALTER TABLE breakdown_editions ENABLE ROW LEVEL SECURITY;

CREATE INDEX experiments_of_campaign ON experiments ((body ->> 'campaign'), key)
    WHERE body ->> 'campaign' IS NOT NULL;
