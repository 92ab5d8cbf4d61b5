-- Of these events, those that are not stored, by their places in the question.
SELECT asked.place
FROM unnest(%(sources)s::text[], %(ids)s::text[]) WITH ORDINALITY AS asked (source, id, place)
LEFT JOIN events stored USING (source, id)
WHERE stored.id IS NULL
ORDER BY asked.place
