-- Exposed units per variant and exposure day, over all shards.
SELECT variant, exposure_day, sum(units)::bigint, sum(mixed_units)::bigint, sum(exposures)::bigint
FROM cohorts WHERE definition_id = %(id)s
GROUP BY variant, exposure_day ORDER BY variant, exposure_day;
