-- The place of a contact and the accounts it was seen at.
WITH links AS (DELETE FROM contact_links WHERE contact = %(contact)s)
DELETE FROM contacts WHERE contact = %(contact)s
