-- Add a rate to the dated table; rates are never changed.
INSERT INTO currency_rates (currency, valid_from, rate)
VALUES (%(currency)s, %(valid_from)s, %(rate)s)
ON CONFLICT DO NOTHING;
