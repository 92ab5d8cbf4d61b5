-- The oldest insights that are neither on the topic nor kept from it, in their order.
SELECT number, subject, body FROM insights
WHERE published_at IS NULL AND withheld_at IS NULL ORDER BY number LIMIT %(limit)s;
