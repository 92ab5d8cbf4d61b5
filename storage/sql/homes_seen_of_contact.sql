-- Every home at which events of this contact may be stored.
SELECT home FROM contacts WHERE contact = %(contact)s
UNION
SELECT account FROM contact_links WHERE contact = %(contact)s
UNION
SELECT %(lone)s
