-- Create the offset row of a partition that was never read.
INSERT INTO partition_offsets (topic_id, partition, topic, next_offset)
VALUES (%(topic_id)s, %(partition)s, %(topic)s, %(next_offset)s)
ON CONFLICT DO NOTHING;
