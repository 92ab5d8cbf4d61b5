-- Give contacts that were never seen a home; the ones that are returned had none.
INSERT INTO contacts (contact, home)
SELECT contact, home FROM unnest(%(contacts)s::text[], %(homes)s::text[]) AS seen (contact, home)
ORDER BY contact
ON CONFLICT DO NOTHING
RETURNING contact;
