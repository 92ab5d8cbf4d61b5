-- Write down the accounts at which these contacts are by a name alone: their homes.
INSERT INTO contact_links (contact, account)
SELECT contact, home FROM contacts
WHERE contact = ANY(%(contacts)s) AND home <> 'contact:' || contact
ORDER BY contact
ON CONFLICT DO NOTHING;
