-- Change an experiment that has not started.
UPDATE experiments SET body = %(body)s WHERE key = %(key)s AND status = 'draft';
