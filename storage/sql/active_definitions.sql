-- The definitions that events are attributed to.
SELECT id, status FROM definitions WHERE status <> 'retired' ORDER BY id;
