-- What some definitions need of the stored history of these homes; two parts, so that each is planned.
SELECT home, source, id, type, time_us, account, contact, campaign, content, channel, deal, amount,
       currency, data::text
FROM events
WHERE home = ANY(%(homes)s) AND split_part(type, '.', 1) = ANY(%(whole)s::text[])
UNION ALL
SELECT home, source, id, type, time_us, account, contact, campaign, content, channel, deal, amount,
       currency, data::text
FROM events
WHERE home = ANY(%(homes)s) AND split_part(type, '.', 1) = ANY(%(timely)s::text[])
  AND time_us >= %(from_us)s;
