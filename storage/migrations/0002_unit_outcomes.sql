-- Where units of each definition are, so that outcomes of few units can be read one by one; and
-- what moments would be without the cap that is registered for a metric.

ALTER TABLE moments
    ADD COLUMN capped_units bigint NOT NULL DEFAULT 0,
    ADD COLUMN sum_u numeric NOT NULL DEFAULT 0,
    ADD COLUMN sum_uu numeric NOT NULL DEFAULT 0;
COMMENT ON COLUMN moments.capped_units IS 'Units whose outcome is above the cap; 0 without a cap';
COMMENT ON COLUMN moments.sum_u IS 'Sum of outcomes without the cap; 0 where there is no cap';

CREATE TABLE definition_homes (
    definition_id bigint NOT NULL REFERENCES definitions,
    home          text COLLATE "C" NOT NULL,
    PRIMARY KEY (definition_id, home)
);
COMMENT ON TABLE definition_homes IS
    'Every home that ever held a unit of the definition, and possibly some that never did';

-- Of definitions that stand already: every home with an event that may have been an exposure.
WITH standing AS (
    SELECT id, body #>> '{experiment,key}' AS experiment,
           body #>> '{experiment,unit}' = 'account' AS by_account,
           body #> '{experiment,exposure}' AS exposure
    FROM definitions WHERE status <> 'retired'
), heard AS (
    SELECT id, by_account, type.name,
           CASE WHEN type.name LIKE '%.*' THEN left(type.name, -1) END AS prefix
    FROM standing, jsonb_array_elements_text(exposure #> '{filter,types}') AS type (name)
    WHERE exposure ->> 'kind' = 'matching'
), seen AS MATERIALIZED (
    SELECT DISTINCT home, type FROM events
), assigned AS MATERIALIZED (
    SELECT DISTINCT home, data ->> 'experiment' AS experiment
    FROM events WHERE type = 'experiment.exposure'
), found AS (
    SELECT id, by_account, home
    FROM heard JOIN seen ON seen.type = heard.name OR starts_with(seen.type, heard.prefix)
    UNION
    SELECT id, by_account, home
    FROM standing JOIN assigned USING (experiment)
    WHERE exposure ->> 'kind' = 'assignment'
)
INSERT INTO definition_homes (definition_id, home)
SELECT id, home FROM found
-- A contact without an account is no unit of an experiment by account (decision 0004).
WHERE NOT (by_account AND starts_with(home, 'contact:'));
