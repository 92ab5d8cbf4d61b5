-- Change what a webhook asks for.
UPDATE webhooks SET kinds = %(kinds)s, experiments = %(experiments)s, note = %(note)s
WHERE id = %(id)s;
