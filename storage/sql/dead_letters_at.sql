-- At which of these offsets a refused record is kept.
SELECT "offset" FROM dead_letters
WHERE topic_id = %(topic_id)s AND partition = %(partition)s AND "offset" = ANY(%(offsets)s::bigint[])
