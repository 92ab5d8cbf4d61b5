-- The account, or contact:<id>, that events naming only these contacts belong to.
SELECT contact, home FROM contacts WHERE contact = ANY(%(contacts)s);
