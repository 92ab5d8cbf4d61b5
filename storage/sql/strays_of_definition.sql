-- Exposure events that exposed no unit, per reason, over all shards.
SELECT reason, sum(exposures)::bigint FROM stray_exposures
WHERE definition_id = %(id)s GROUP BY reason HAVING sum(exposures) <> 0 ORDER BY reason;
