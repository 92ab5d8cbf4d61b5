-- These events as they are stored, by their places in the question, and when the log took them.
-- Looked for at the home that each of them has today: no index over all months knows an event by id.
SELECT asked.place, e.received_us, e.home, e.source, e.id, e.type, e.time_us, e.account, e.contact,
       e.campaign, e.content, e.channel, e.deal, e.amount, e.currency, e.data::text
FROM unnest(%(sources)s::text[], %(ids)s::text[], %(accounts)s::text[], %(contacts)s::text[])
     WITH ORDINALITY AS asked (source, id, account, contact, place)
LEFT JOIN contacts ON asked.account IS NULL AND contacts.contact = asked.contact
JOIN events e ON e.home = coalesce(asked.account, contacts.home, 'contact:' || asked.contact)
             AND e.source = asked.source AND e.id = asked.id
