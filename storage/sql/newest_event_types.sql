-- The newest version of every registered event type.
SELECT body -> -1 FROM event_types ORDER BY type;
