-- The dated rate table.
SELECT currency, valid_from, rate FROM currency_rates ORDER BY currency, valid_from;
