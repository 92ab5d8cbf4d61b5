-- Of these homes that hold units of these definitions, those that are not noted as such.
SELECT held.definition_id, held.home
FROM unnest(%(definition_ids)s::bigint[], %(homes)s::text[]) AS held (definition_id, home)
LEFT JOIN definition_homes noted USING (definition_id, home)
WHERE noted.home IS NULL
