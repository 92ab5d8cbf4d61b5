-- How many events of these types happened in a period.
SELECT count(*) FROM events
WHERE received_us >= %(since_us)s - 86400000000
  AND time_us >= %(since_us)s AND time_us < %(until_us)s
  AND (type = ANY(%(types)s::text[]) OR type ^@ ANY(%(prefixes)s::text[]));
