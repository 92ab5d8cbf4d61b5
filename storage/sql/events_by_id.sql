-- Single events of the log.
SELECT home, source, id, type, time_us, account, contact, campaign, content, channel, deal, amount,
       currency, data::text
FROM events
WHERE (source, id) IN (SELECT * FROM unnest(%(sources)s::text[], %(ids)s::text[]));
