-- Store the events that were not stored before; the ones that are returned are new.
INSERT INTO events (source, id, type, time_us, home, account, contact, campaign, content, channel,
                    deal, amount, currency, data, received_us)
SELECT source, id, type, time_us, home, account, contact, campaign, content, channel,
       deal, amount, currency, data, received_us
FROM unnest(%(source)s::text[], %(id)s::text[], %(type)s::text[], %(time_us)s::bigint[],
            %(home)s::text[], %(account)s::text[], %(contact)s::text[], %(campaign)s::text[],
            %(content)s::text[], %(channel)s::text[], %(deal)s::text[], %(amount)s::bigint[],
            %(currency)s::text[], %(data)s::json[], %(received_us)s::bigint[])
     AS sent (source, id, type, time_us, home, account, contact, campaign, content, channel,
              deal, amount, currency, data, received_us)
ON CONFLICT (source, id) DO NOTHING
RETURNING source, id;
