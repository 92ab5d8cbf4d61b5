-- Every partition that was ever read: where it stands, what was counted, and refused records kept.
SELECT topic_id, topic, partition, next_offset, accepted, duplicates, refused,
       (SELECT count(*) FROM dead_letters l
        WHERE l.topic_id = o.topic_id AND l.partition = o.partition)
FROM partition_offsets o ORDER BY topic, topic_id, partition
