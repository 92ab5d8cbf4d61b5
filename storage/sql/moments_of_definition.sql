-- Moments per metric, variant and exposure day, over all shards.
SELECT metric, variant, exposure_day, sum(n)::bigint, sum(sum_y), sum(sum_yy), sum(sum_x),
       sum(sum_xx), sum(sum_xy), sum(sum_d), sum(sum_dd), sum(sum_yd), sum(incomplete)::bigint,
       sum(capped_units)::bigint, sum(sum_u), sum(sum_uu)
FROM moments WHERE definition_id = %(id)s
GROUP BY metric, variant, exposure_day
ORDER BY metric, variant, exposure_day;
