-- Frozen definitions that the topic `registry` does not hold yet, unless another worker has them.
SELECT id, epoch, body FROM definitions
WHERE published_at IS NULL ORDER BY id LIMIT %(limit)s FOR UPDATE SKIP LOCKED;
