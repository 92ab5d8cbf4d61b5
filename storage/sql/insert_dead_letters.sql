-- Keep refused records with the reason and their place; a record is kept once.
INSERT INTO dead_letters (topic_id, topic, partition, "offset", field, rule, detail, raw, received_us)
SELECT %(topic_id)s, %(topic)s, %(partition)s, place, field, rule, detail, raw, received_us
FROM unnest(%(offsets)s::bigint[], %(fields)s::text[], %(rules)s::text[], %(details)s::text[],
            %(raws)s::bytea[], %(received_us)s::bigint[])
     AS refused (place, field, rule, detail, raw, received_us)
ON CONFLICT DO NOTHING;
