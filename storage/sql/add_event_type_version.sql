-- Add a version behind those that a registered event type has.
UPDATE event_types SET body = body || %(version)s::jsonb WHERE type = %(type)s;
