-- Note that a side takes its standing agreement to a version of a metric back.
UPDATE metric_agreements
SET withdrawn_at = %(at)s, withdrawn_by = %(by)s, reason = %(reason)s
WHERE metric = %(metric)s AND version = %(version)s AND side = %(side)s AND withdrawn_at IS NULL;
