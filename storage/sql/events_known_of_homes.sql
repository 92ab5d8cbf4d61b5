-- The history of these homes as far as the log had taken it at a moment.
SELECT home, source, id, type, time_us, account, contact, campaign, content, channel, deal, amount,
       currency, data::text
FROM events
WHERE home = ANY(%(homes)s) AND received_us <= %(known_us)s
