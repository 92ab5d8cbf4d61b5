-- Who looked at details, and who changed a rule: kept, never changed, open to those concerned.

CREATE TABLE access_log (
    number     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at         timestamptz NOT NULL,
    action     text NOT NULL CHECK (action IN ('read', 'policy_change', 'log_read')),
    person     text,
    experiment text COLLATE "C",
    level      text NOT NULL,
    route      text NOT NULL,
    detail     jsonb
);
CREATE INDEX accesses_of_experiment ON access_log (experiment, number);

-- Append-only for everybody, also for whoever owns the table: a correction is a further entry.
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END
$$;
CREATE TRIGGER access_log_stays BEFORE UPDATE OR DELETE ON access_log
FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER access_log_is_not_emptied BEFORE TRUNCATE ON access_log
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
