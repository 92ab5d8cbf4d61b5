-- Who agreed to which version of these metrics.
SELECT metric, version, side, agreed_at, agreed_by
FROM metric_agreements WHERE metric = ANY(%(metrics)s)
ORDER BY metric, version, agreed_at, side;
