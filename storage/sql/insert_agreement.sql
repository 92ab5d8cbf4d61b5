-- Note that a side agrees to a version of a metric; the first to agree for it is remembered.
INSERT INTO metric_agreements (metric, version, side, agreed_at, agreed_by)
VALUES (%(metric)s, %(version)s, %(side)s, %(agreed_at)s, %(agreed_by)s)
ON CONFLICT (metric, version, side) WHERE withdrawn_at IS NULL DO NOTHING;
