-- Take the names that were not taken before; the ones that are returned are new.
INSERT INTO event_names (name) SELECT unnest(%(names)s::uuid[])
ON CONFLICT DO NOTHING
RETURNING name;
