-- The definitions that events are attributed to.
SELECT d.id, d.epoch, d.status, d.body, d.built_up_to
FROM definitions d WHERE d.status <> 'retired' ORDER BY d.id;
