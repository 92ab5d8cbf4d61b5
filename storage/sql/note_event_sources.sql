-- Bring up to date when each source was last heard of, and how long it was silent at most.
WITH heard AS (
    SELECT source, max(received_us) AS last_us,
           min(received_us) FILTER (WHERE received_us > known.last_us) AS next_us
    FROM events LEFT JOIN event_sources AS known USING (source)
    WHERE received_us > COALESCE(
        (SELECT max(last_us) FROM event_sources) - %(overlap_us)s::bigint, %(first_from_us)s::bigint
    )
    GROUP BY source
)
INSERT INTO event_sources AS known (source, known_since, last_us)
SELECT source, %(at)s, last_us FROM heard
ON CONFLICT (source) DO UPDATE SET
    last_us = greatest(known.last_us, excluded.last_us),
    longest_pause_us = CASE
        WHEN EXISTS (
            SELECT FROM standing_alarms
            WHERE subject = 'source/' || known.source AND alarm = 'source_silent'
        ) THEN known.longest_pause_us
        ELSE greatest(
            known.longest_pause_us,
            (SELECT next_us FROM heard WHERE heard.source = known.source) - known.last_us
        )
    END;
