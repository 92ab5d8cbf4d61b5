-- What was delivered, by topic: accepted, sent again, refused, and the last time anything was.
SELECT topic, sum(accepted)::bigint, sum(duplicates)::bigint, sum(refused)::bigint, max(updated_at)
FROM partition_offsets GROUP BY topic ORDER BY topic;
