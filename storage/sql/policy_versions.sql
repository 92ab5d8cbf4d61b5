-- All versions of a policy, newest first.
SELECT body, version, created_at, created_by FROM policies WHERE key = %(key)s ORDER BY version DESC;
