-- Joint reviews: what both sides read, apart from each other and then together, and what they learned.

CREATE TABLE reviews (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    experiment_id bigint NOT NULL REFERENCES experiments,
    number        integer NOT NULL CHECK (number > 0),
    epoch         integer NOT NULL,
    snapshot      jsonb NOT NULL,
    opened_at     timestamptz NOT NULL,
    opened_by     text,
    deadline      timestamptz NOT NULL,
    proposal      jsonb,
    concluded_at  timestamptz,
    is_joint      boolean,
    UNIQUE (experiment_id, number),
    CHECK ((concluded_at IS NULL) = (is_joint IS NULL)),
    CHECK (concluded_at IS NULL OR proposal IS NOT NULL)
);
COMMENT ON COLUMN reviews.snapshot IS 'The results as they were read when it was opened, by language';
COMMENT ON COLUMN reviews.is_joint IS 'Whether both sides read and signed';
CREATE UNIQUE INDEX one_open_review ON reviews (experiment_id) WHERE concluded_at IS NULL;

CREATE TABLE review_readings (
    review_id  bigint NOT NULL REFERENCES reviews,
    side       text NOT NULL CHECK (side IN ('marketing', 'sales')),
    person     text NOT NULL,
    body       text NOT NULL,
    written_at timestamptz NOT NULL,
    PRIMARY KEY (review_id, side)
);

CREATE TABLE review_signatures (
    review_id bigint NOT NULL REFERENCES reviews,
    side      text NOT NULL CHECK (side IN ('marketing', 'sales')),
    person    text NOT NULL,
    signed_at timestamptz NOT NULL,
    dissent   text,
    PRIMARY KEY (review_id, side)
);

-- The library. Searched in both languages, whichever it was written in: words are stemmed twice.
CREATE TABLE learnings (
    review_id     bigint PRIMARY KEY REFERENCES reviews,
    experiment_id bigint NOT NULL REFERENCES experiments,
    concluded_at  timestamptz NOT NULL,
    decision      text NOT NULL CHECK (decision IN ('adopt', 'iterate', 'stop', 'keep_looking')),
    is_joint      boolean NOT NULL,
    name          text NOT NULL,
    hypothesis    text NOT NULL,
    learning      text NOT NULL,
    english       tsvector GENERATED ALWAYS AS (
        setweight(to_tsvector('english', name), 'A')
        || setweight(to_tsvector('english', learning), 'B')
        || setweight(to_tsvector('english', hypothesis), 'C')
    ) STORED,
    german        tsvector GENERATED ALWAYS AS (
        setweight(to_tsvector('german', name), 'A')
        || setweight(to_tsvector('german', learning), 'B')
        || setweight(to_tsvector('german', hypothesis), 'C')
    ) STORED
);
CREATE INDEX learnings_in_english ON learnings USING gin (english);
CREATE INDEX learnings_in_german ON learnings USING gin (german);
CREATE INDEX learnings_by_time ON learnings (concluded_at, review_id);
