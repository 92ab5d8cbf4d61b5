-- The events that exposed these units first; the time names the month that one is in.
SELECT e.home, e.source, e.id, e.type, e.time_us, e.account, e.contact, e.campaign, e.content,
       e.channel, e.deal, e.amount, e.currency, e.data::text
FROM unnest(%(homes)s::text[], %(times_us)s::bigint[], %(sources)s::text[], %(ids)s::text[])
     AS first (home, time_us, source, id)
JOIN events e ON e.home = first.home AND e.time_us = first.time_us
             AND e.source = first.source AND e.id = first.id;
