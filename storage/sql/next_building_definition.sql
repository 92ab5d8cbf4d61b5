-- Take one definition to build, unless another worker holds it.
SELECT id, body, built_up_to FROM definitions
WHERE status = 'building' ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED;
