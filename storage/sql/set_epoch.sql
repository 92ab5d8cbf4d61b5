-- Note that an experiment has a newer definition.
UPDATE experiments SET epoch = %(epoch)s WHERE id = %(id)s;
