-- Events of these types that happened in a period, of one account in so many, in order of time.
SELECT home, source, id, type, time_us, account, contact, campaign, content, channel, deal, amount,
       currency, data::text
FROM events
-- Received at most a day before it happened: the door refuses what lies further ahead.
WHERE received_us >= %(since_us)s - 86400000000
  AND time_us >= %(since_us)s AND time_us < %(until_us)s
  AND (type = ANY(%(types)s::text[]) OR type ^@ ANY(%(prefixes)s::text[]))
  AND (hashtextextended(home, 0) & 2147483647) %% %(one_in)s = 0
ORDER BY time_us, source, id
LIMIT %(limit)s;
