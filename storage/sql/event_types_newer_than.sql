-- The newest version of those of the named event types that have a newer one than is known.
SELECT body -> -1
FROM unnest(%(types)s::text[], %(versions)s::integer[]) AS known (type, version)
JOIN event_types USING (type)
WHERE jsonb_array_length(body) > known.version;
