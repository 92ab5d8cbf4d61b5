-- What came in later at the homes of a definition, by day of arrival and type.
SELECT to_timestamp(received_us / 1e6)::date, type, count(*),
       count(*) FILTER (WHERE time_us <= %(since_us)s)
FROM events
WHERE received_us > %(since_us)s AND received_us <= %(until_us)s
  AND home IN (SELECT home FROM definition_homes WHERE definition_id = %(id)s)
GROUP BY 1, 2
ORDER BY 1, 2
