-- All versions of a registered event type, oldest first.
SELECT body FROM event_types WHERE type = %(type)s;
