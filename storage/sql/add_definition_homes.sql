-- Note homes that came to hold units of definitions.
INSERT INTO definition_homes (definition_id, home)
SELECT definition_id, home
FROM unnest(%(definition_ids)s::bigint[], %(homes)s::text[]) AS added (definition_id, home)
ORDER BY definition_id, home
ON CONFLICT DO NOTHING;
