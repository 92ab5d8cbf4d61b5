-- Add increments to the moments of outcomes alone: of no covariate, no denominator and no cap.
INSERT INTO moments (definition_id, metric, variant, exposure_day, shard, n, sum_y, sum_yy,
                     sum_x, sum_xx, sum_xy, sum_d, sum_dd, sum_yd, incomplete)
SELECT definition_id, metric, variant, exposure_day, %(shard)s, n, sum_y, sum_yy,
       0, 0, 0, 0, 0, 0, incomplete
FROM unnest(%(definition_id)s::bigint[], %(metric)s::bigint[], %(variant)s::bigint[],
            %(exposure_day)s::bigint[], %(n)s::bigint[], %(sum_y)s::bigint[],
            %(sum_yy)s::bigint[], %(incomplete)s::bigint[])
     AS added (definition_id, metric, variant, exposure_day, n, sum_y, sum_yy, incomplete)
ON CONFLICT (definition_id, metric, variant, exposure_day, shard) DO UPDATE
SET n = moments.n + EXCLUDED.n,
    sum_y = moments.sum_y + EXCLUDED.sum_y,
    sum_yy = moments.sum_yy + EXCLUDED.sum_yy,
    incomplete = moments.incomplete + EXCLUDED.incomplete;
