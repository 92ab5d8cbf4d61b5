-- Give an experiment up; what is in review stays there until the review ends.
UPDATE experiments
SET status = CASE status WHEN 'in_review' THEN status ELSE 'stopped' END,
    stopped_at = %(at)s, stop_reason = %(reason)s
WHERE id = %(id)s;
