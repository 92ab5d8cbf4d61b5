-- Events of these homes that matter to a definition for their time, and what of them does.
SELECT home,
       CASE WHEN 'source' = ANY(%(fields)s) THEN source ELSE '' END,
       CASE WHEN 'id' = ANY(%(fields)s) THEN id ELSE '' END,
       type, time_us,
       CASE WHEN 'account' = ANY(%(fields)s) THEN account END,
       CASE WHEN 'contact' = ANY(%(fields)s) THEN contact END,
       CASE WHEN 'campaign' = ANY(%(fields)s) THEN campaign END,
       CASE WHEN 'content' = ANY(%(fields)s) THEN content END,
       CASE WHEN 'channel' = ANY(%(fields)s) THEN channel END,
       CASE WHEN 'deal' = ANY(%(fields)s) THEN deal END,
       CASE WHEN 'amount' = ANY(%(fields)s) THEN amount END,
       CASE WHEN 'currency' = ANY(%(fields)s) THEN currency END,
       CASE WHEN 'data' = ANY(%(fields)s) THEN data::text ELSE '{}' END
FROM events
WHERE home = ANY(%(homes)s)
  AND split_part(type, '.', 1) = ANY(%(families)s)
  AND (type = ANY(%(exact)s) OR type ^@ ANY(%(prefixes)s))
  AND NOT (type = ANY(%(whole_exact)s) OR type ^@ ANY(%(whole_prefixes)s))
  AND time_us >= %(from_us)s AND time_us < %(until_us)s;
