-- A part at a time, so that no transaction holds a day's work.
DELETE FROM events
WHERE (source, id) IN (
    SELECT source, id FROM events
    WHERE time_us < %(older_than_us)s AND (type = %(type)s OR type LIKE %(prefix)s)
    LIMIT %(limit)s
)
