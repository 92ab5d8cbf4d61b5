-- Move a partition on, if nobody else did: the fence that keeps a worker which lost it from writing.
UPDATE partition_offsets
SET next_offset = %(next_offset)s, updated_at = clock_timestamp()
WHERE topic_id = %(topic_id)s AND partition = %(partition)s AND next_offset = %(expected)s
RETURNING number;
