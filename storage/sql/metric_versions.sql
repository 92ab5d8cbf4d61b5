-- All versions of a metric, newest first.
SELECT version, body, created_at, proposed_by FROM metrics WHERE key = %(key)s ORDER BY version DESC;
