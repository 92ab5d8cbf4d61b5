-- Give contacts another home.
UPDATE contacts SET home = moved.home
FROM unnest(%(contacts)s::text[], %(homes)s::text[]) AS moved (contact, home)
WHERE contacts.contact = moved.contact;
