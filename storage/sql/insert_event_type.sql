-- Register an event type in its first version, unless another transaction was faster.
INSERT INTO event_types (type, body, created_at)
VALUES (%(type)s, jsonb_build_array(%(version)s::jsonb), %(created_at)s)
ON CONFLICT DO NOTHING;
