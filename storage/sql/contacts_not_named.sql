-- Contacts that have a home and that no stored event names.
SELECT c.contact, c.home FROM contacts c
WHERE NOT EXISTS (SELECT FROM events e WHERE e.contact = c.contact)
ORDER BY c.contact
