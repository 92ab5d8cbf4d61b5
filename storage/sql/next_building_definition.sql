-- Take one definition to build, unless another worker holds it; batches that book to it may pass.
SELECT id, body, built_up_to FROM definitions
WHERE status = 'building' ORDER BY id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED;
