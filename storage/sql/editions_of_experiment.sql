-- Every edition of every breakdown of an experiment, in order.
SELECT b.dimension, b.variant, b.number, b.made_at, b.groups, b.moved
FROM breakdown_editions b JOIN experiments e ON e.id = b.experiment_id
WHERE e.key = %(key)s
ORDER BY b.dimension, b.variant, b.number;
