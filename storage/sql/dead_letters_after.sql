-- A page of refused records, oldest first.
SELECT id, topic, partition, "offset", field, rule, detail, raw, received_us
FROM dead_letters WHERE id > %(after)s ORDER BY id LIMIT %(limit)s;
