-- Which of these events are stored.
SELECT source, id FROM events
WHERE (source, id) IN (SELECT * FROM unnest(%(sources)s::text[], %(ids)s::text[]));
