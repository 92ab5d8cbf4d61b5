-- Store events, in the order in which event_rows packs them.
COPY events (source, id, type, time_us, home, account, contact, campaign, content, channel, deal,
             amount, currency, data, received_us) FROM STDIN (FORMAT BINARY)
