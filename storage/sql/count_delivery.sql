-- Add to the delivery counters of a partition.
UPDATE partition_offsets
SET accepted = accepted + %(accepted)s,
    duplicates = duplicates + %(duplicates)s,
    refused = refused + %(refused)s
WHERE topic_id = %(topic_id)s AND partition = %(partition)s;
