-- Add increments to the counts of exposure events that exposed no unit.
INSERT INTO stray_exposures (definition_id, reason, shard, exposures)
SELECT definition_id, reason, %(shard)s, exposures
FROM unnest(%(definition_id)s::bigint[], %(reason)s::smallint[], %(exposures)s::bigint[])
     AS added (definition_id, reason, exposures)
ORDER BY definition_id, reason
ON CONFLICT (definition_id, reason, shard) DO UPDATE
SET exposures = stray_exposures.exposures + EXCLUDED.exposures;
