-- These events wherever they are stored: a look through everything, for the few that are not at home.
SELECT asked.place, e.received_us, e.home, e.source, e.id, e.type, e.time_us, e.account, e.contact,
       e.campaign, e.content, e.channel, e.deal, e.amount, e.currency, e.data::text
FROM unnest(%(sources)s::text[], %(ids)s::text[]) WITH ORDINALITY AS asked (source, id, place)
JOIN events e ON e.source = asked.source AND e.id = asked.id
