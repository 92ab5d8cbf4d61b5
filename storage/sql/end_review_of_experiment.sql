-- End a review without a decision: the experiment stands where it would without one.
UPDATE experiments
SET status = CASE WHEN stopped_at IS NULL THEN 'registered' ELSE 'stopped' END
WHERE id = %(id)s;
