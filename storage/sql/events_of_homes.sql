-- The whole stored history of these homes.
SELECT home, source, id, type, time_us, account, contact, campaign, content, channel, deal, amount,
       currency, data::text
FROM events
WHERE home = ANY(%(homes)s);
