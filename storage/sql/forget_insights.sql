-- Forget old insights that wait for nothing and are owed to nobody, with the log of their deliveries.
DELETE FROM insights AS old
WHERE recorded_at < %(before)s AND (published_at IS NOT NULL OR withheld_at IS NOT NULL)
  AND NOT EXISTS (
      SELECT FROM webhook_deliveries WHERE insight = old.number AND state = 'waiting'
  );
