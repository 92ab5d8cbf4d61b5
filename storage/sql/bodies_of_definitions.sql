-- What definitions say.
SELECT id, body FROM definitions WHERE id = ANY(%(ids)s);
