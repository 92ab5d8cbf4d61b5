-- Definitions that are retired and of which totals were left.
SELECT d.id, e.key, t.name, count(*)
FROM (
    SELECT definition_id, 'moments' AS name FROM moments
    UNION ALL SELECT definition_id, 'cohorts' FROM cohorts
    UNION ALL SELECT definition_id, 'stray_exposures' FROM stray_exposures
) t
JOIN definitions d ON d.id = t.definition_id
JOIN experiments e ON e.id = d.experiment_id
WHERE d.status = 'retired'
GROUP BY d.id, e.key, t.name ORDER BY d.id, t.name
