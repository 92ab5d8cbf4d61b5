-- Which of these contacts were erased: known by their hashes alone.
SELECT sent.contact
FROM unnest(%(contacts)s::text[]) AS sent (contact)
JOIN erased_contacts e ON e.hash = sha256((SELECT key FROM erasure_key) || convert_to(sent.contact, 'UTF8'))
