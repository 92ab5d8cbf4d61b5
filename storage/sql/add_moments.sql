-- Add increments to the moments.
INSERT INTO moments (definition_id, metric, variant, exposure_day, shard,
                     n, sum_y, sum_yy, sum_x, sum_xx, sum_xy, sum_d, sum_dd, sum_yd, incomplete,
                     capped_units, sum_u, sum_uu)
SELECT definition_id, metric, variant, exposure_day, %(shard)s,
       n, sum_y, sum_yy, sum_x, sum_xx, sum_xy, sum_d, sum_dd, sum_yd, incomplete,
       capped_units, sum_u, sum_uu
FROM unnest(%(definition_id)s::bigint[], %(metric)s::smallint[], %(variant)s::smallint[],
            %(exposure_day)s::integer[], %(n)s::bigint[], %(sum_y)s::numeric[],
            %(sum_yy)s::numeric[], %(sum_x)s::numeric[], %(sum_xx)s::numeric[],
            %(sum_xy)s::numeric[], %(sum_d)s::numeric[], %(sum_dd)s::numeric[],
            %(sum_yd)s::numeric[], %(incomplete)s::bigint[], %(capped_units)s::bigint[],
            %(sum_u)s::numeric[], %(sum_uu)s::numeric[])
     AS added (definition_id, metric, variant, exposure_day,
               n, sum_y, sum_yy, sum_x, sum_xx, sum_xy, sum_d, sum_dd, sum_yd, incomplete,
               capped_units, sum_u, sum_uu)
ORDER BY definition_id, metric, variant, exposure_day
ON CONFLICT (definition_id, metric, variant, exposure_day, shard) DO UPDATE
SET n = moments.n + EXCLUDED.n,
    sum_y = moments.sum_y + EXCLUDED.sum_y,
    sum_yy = moments.sum_yy + EXCLUDED.sum_yy,
    sum_x = moments.sum_x + EXCLUDED.sum_x,
    sum_xx = moments.sum_xx + EXCLUDED.sum_xx,
    sum_xy = moments.sum_xy + EXCLUDED.sum_xy,
    sum_d = moments.sum_d + EXCLUDED.sum_d,
    sum_dd = moments.sum_dd + EXCLUDED.sum_dd,
    sum_yd = moments.sum_yd + EXCLUDED.sum_yd,
    incomplete = moments.incomplete + EXCLUDED.incomplete,
    capped_units = moments.capped_units + EXCLUDED.capped_units,
    sum_u = moments.sum_u + EXCLUDED.sum_u,
    sum_uu = moments.sum_uu + EXCLUDED.sum_uu;
