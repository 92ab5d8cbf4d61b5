-- Every source that is known, whether it was said to be silent, and what tells whether it is.
SELECT source, known_since, last_us, longest_pause_us, EXISTS (
    SELECT FROM standing_alarms AS alarm
    WHERE alarm.subject = 'source/' || event_sources.source AND alarm.alarm = 'source_silent'
) AS is_said_silent
FROM event_sources ORDER BY source;
