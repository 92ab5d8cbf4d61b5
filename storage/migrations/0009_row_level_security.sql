-- The second wall: whoever reads results through this role sees the one experiment that was opened
-- to it, and nothing where none was. The API takes the role for each reading; a route that forgets to
-- ask who may see gets no rows.

DO $$
BEGIN
    CREATE ROLE roundtable_reader NOLOGIN;
EXCEPTION
    -- Roles belong to the whole server: another database of it may have made this one already.
    WHEN duplicate_object OR unique_violation THEN NULL;
    WHEN insufficient_privilege THEN
        RAISE EXCEPTION 'the role roundtable_reader is missing and may not be created'
            USING HINT = 'As an administrator: CREATE ROLE roundtable_reader NOLOGIN; '
                         'GRANT roundtable_reader TO the user of Roundtable.';
END
$$;
DO $$
BEGIN
    IF NOT pg_has_role(current_user, 'roundtable_reader', 'MEMBER') THEN
        EXECUTE format('GRANT roundtable_reader TO %I', current_user);
    END IF;
END
$$;

GRANT USAGE ON SCHEMA public TO roundtable_reader;
GRANT SELECT ON experiments, definitions, moments, cohorts, stray_exposures, definition_homes,
    account_states, events, partition_offsets, metrics TO roundtable_reader;

-- Set by the API for one transaction; absent, it is null and opens nothing.
CREATE FUNCTION opened_experiment() RETURNS bigint LANGUAGE sql STABLE PARALLEL SAFE
AS $$ SELECT nullif(current_setting('roundtable.experiment', true), '')::bigint $$;

CREATE FUNCTION opened_definitions() RETURNS SETOF bigint LANGUAGE sql STABLE PARALLEL SAFE
AS $$ SELECT id FROM definitions WHERE experiment_id = opened_experiment() $$;

ALTER TABLE experiments ENABLE ROW LEVEL SECURITY;
CREATE POLICY opened ON experiments FOR SELECT TO roundtable_reader
    USING (id = (SELECT opened_experiment()));
ALTER TABLE definitions ENABLE ROW LEVEL SECURITY;
CREATE POLICY opened ON definitions FOR SELECT TO roundtable_reader
    USING (experiment_id = (SELECT opened_experiment()));
ALTER TABLE moments ENABLE ROW LEVEL SECURITY;
CREATE POLICY opened ON moments FOR SELECT TO roundtable_reader
    USING (definition_id IN (SELECT opened_definitions()));
ALTER TABLE cohorts ENABLE ROW LEVEL SECURITY;
CREATE POLICY opened ON cohorts FOR SELECT TO roundtable_reader
    USING (definition_id IN (SELECT opened_definitions()));
ALTER TABLE stray_exposures ENABLE ROW LEVEL SECURITY;
CREATE POLICY opened ON stray_exposures FOR SELECT TO roundtable_reader
    USING (definition_id IN (SELECT opened_definitions()));
ALTER TABLE definition_homes ENABLE ROW LEVEL SECURITY;
CREATE POLICY opened ON definition_homes FOR SELECT TO roundtable_reader
    USING (definition_id IN (SELECT opened_definitions()));
-- A home's state and history hold all experiments it is in: open with any, closed without one.
ALTER TABLE account_states ENABLE ROW LEVEL SECURITY;
CREATE POLICY opened ON account_states FOR SELECT TO roundtable_reader
    USING ((SELECT opened_experiment()) IS NOT NULL);
ALTER TABLE events ENABLE ROW LEVEL SECURITY;
CREATE POLICY opened ON events FOR SELECT TO roundtable_reader
    USING ((SELECT opened_experiment()) IS NOT NULL);
