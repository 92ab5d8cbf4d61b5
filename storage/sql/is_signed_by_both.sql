-- Whether both sides signed the experiment's last concluded review; no row where there is none.
SELECT r.is_joint
FROM reviews r JOIN experiments e ON e.id = r.experiment_id
WHERE e.key = %(key)s AND r.is_joint IS NOT NULL
ORDER BY r.number DESC LIMIT 1;
