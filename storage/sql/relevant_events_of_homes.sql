-- What of the stored history of these homes can change a figure of one definition, and no more.
SELECT home, type, time_us,
       CASE WHEN 'source' = ANY(%(whole_fields)s) THEN source END,
       CASE WHEN 'id' = ANY(%(whole_fields)s) THEN id END,
       CASE WHEN 'account' = ANY(%(whole_fields)s) THEN account END,
       CASE WHEN 'contact' = ANY(%(whole_fields)s) THEN contact END,
       CASE WHEN 'campaign' = ANY(%(whole_fields)s) THEN campaign END,
       CASE WHEN 'content' = ANY(%(whole_fields)s) THEN content END,
       CASE WHEN 'channel' = ANY(%(whole_fields)s) THEN channel END,
       CASE WHEN 'deal' = ANY(%(whole_fields)s) THEN deal END,
       CASE WHEN 'amount' = ANY(%(whole_fields)s) THEN amount END,
       CASE WHEN 'currency' = ANY(%(whole_fields)s) THEN currency END,
       CASE WHEN 'data' = ANY(%(whole_fields)s) THEN data::text END
FROM events
WHERE home = ANY(%(homes)s)
  AND split_part(type, '.', 1) = ANY(%(whole_families)s)
  AND (type = ANY(%(whole_exact)s) OR type ^@ ANY(%(whole_prefixes)s))
UNION ALL
SELECT home, type, time_us,
       CASE WHEN 'source' = ANY(%(timely_fields)s) THEN source END,
       CASE WHEN 'id' = ANY(%(timely_fields)s) THEN id END,
       CASE WHEN 'account' = ANY(%(timely_fields)s) THEN account END,
       CASE WHEN 'contact' = ANY(%(timely_fields)s) THEN contact END,
       CASE WHEN 'campaign' = ANY(%(timely_fields)s) THEN campaign END,
       CASE WHEN 'content' = ANY(%(timely_fields)s) THEN content END,
       CASE WHEN 'channel' = ANY(%(timely_fields)s) THEN channel END,
       CASE WHEN 'deal' = ANY(%(timely_fields)s) THEN deal END,
       CASE WHEN 'amount' = ANY(%(timely_fields)s) THEN amount END,
       CASE WHEN 'currency' = ANY(%(timely_fields)s) THEN currency END,
       CASE WHEN 'data' = ANY(%(timely_fields)s) THEN data::text END
FROM events
WHERE home = ANY(%(homes)s)
  AND split_part(type, '.', 1) = ANY(%(timely_families)s)
  AND (type = ANY(%(timely_exact)s) OR type ^@ ANY(%(timely_prefixes)s))
  AND NOT (type = ANY(%(whole_exact)s) OR type ^@ ANY(%(whole_prefixes)s))
  AND time_us >= %(from_us)s AND time_us < %(until_us)s;
