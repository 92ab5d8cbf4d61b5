-- Remember what was told of a pair.
INSERT INTO told_statuses (experiment, metric, baseline, variant, status, told_at)
VALUES (%(experiment)s, %(metric)s, %(baseline)s, %(variant)s, %(status)s, %(at)s)
ON CONFLICT (experiment, metric, baseline, variant)
DO UPDATE SET status = excluded.status, told_at = excluded.told_at;
