-- Who agreed to which version of these metrics, and who took it back.
SELECT metric, version, side, agreed_at, agreed_by, withdrawn_at, withdrawn_by, reason
FROM metric_agreements WHERE metric = ANY(%(metrics)s)
ORDER BY metric, version, agreed_at, side, number;
