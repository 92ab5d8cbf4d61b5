-- Move the events that name only these contacts to the contacts' new home.
UPDATE events SET home = moved.home
FROM unnest(%(contacts)s::text[], %(homes)s::text[]) AS moved (contact, home)
WHERE events.contact = moved.contact AND events.account IS NULL AND events.home <> moved.home
RETURNING events.contact;
