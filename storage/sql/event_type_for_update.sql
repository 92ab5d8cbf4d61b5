-- All versions of a registered event type, oldest first, held until the transaction ends.
SELECT body FROM event_types WHERE type = %(type)s FOR UPDATE;
