-- The oldest insights that the topic does not hold yet, in their order.
SELECT number, subject, body FROM insights
WHERE published_at IS NULL ORDER BY number LIMIT %(limit)s;
