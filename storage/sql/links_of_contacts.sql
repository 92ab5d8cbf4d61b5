-- Every account these contacts were seen at, beside the home they have now.
SELECT contact, contacts.home, account, explicit_us, source, id
FROM contact_links JOIN contacts USING (contact)
WHERE contact = ANY(%(contacts)s);
