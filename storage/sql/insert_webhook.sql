-- Remember where insights are to be sent.
INSERT INTO webhooks (id, url, kinds, experiments, note, is_active, created_by, created_at)
VALUES (%(id)s, %(url)s, %(kinds)s, %(experiments)s, %(note)s, true, %(created_by)s, %(at)s);
