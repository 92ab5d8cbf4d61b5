-- The status of each pair that was told last.
SELECT metric, baseline, variant, status FROM told_statuses WHERE experiment = %(experiment)s;
