-- Let a draft run, under its first definition.
UPDATE experiments SET status = 'running', started_at = %(at)s, epoch = %(epoch)s WHERE id = %(id)s;
