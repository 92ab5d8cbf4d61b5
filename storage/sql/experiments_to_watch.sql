-- Experiments whose readings may still change: counted, and not over for longer than any window.
SELECT e.key FROM experiments AS e
JOIN definitions AS d ON d.experiment_id = e.id AND d.status = 'current'
WHERE e.status <> 'decided'
  AND COALESCE(e.stopped_at, (e.body ->> 'ends_at')::timestamptz, 'infinity') > %(over_since)s
ORDER BY e.key;
