-- Keep a contact out from now on, without keeping the contact.
INSERT INTO erased_contacts (hash)
SELECT sha256(key || convert_to(%(contact)s, 'UTF8')) FROM erasure_key
ON CONFLICT DO NOTHING
