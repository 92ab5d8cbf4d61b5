-- Add increments to the counts of exposed units.
INSERT INTO cohorts (definition_id, variant, exposure_day, shard, units, mixed_units, exposures)
SELECT definition_id, variant, exposure_day, %(shard)s, units, mixed_units, exposures
FROM unnest(%(definition_id)s::bigint[], %(variant)s::smallint[], %(exposure_day)s::integer[],
            %(units)s::bigint[], %(mixed_units)s::bigint[], %(exposures)s::bigint[])
     AS added (definition_id, variant, exposure_day, units, mixed_units, exposures)
ORDER BY definition_id, variant, exposure_day
ON CONFLICT (definition_id, variant, exposure_day, shard) DO UPDATE
SET units = cohorts.units + EXCLUDED.units,
    mixed_units = cohorts.mixed_units + EXCLUDED.mixed_units,
    exposures = cohorts.exposures + EXCLUDED.exposures;
