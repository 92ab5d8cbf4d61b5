-- Where each partition of these topics continues.
SELECT topic_id, partition, next_offset FROM partition_offsets WHERE topic_id = ANY(%(topic_ids)s);
