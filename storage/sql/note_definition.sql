-- Note that an experiment has a newer definition.
UPDATE experiments SET epoch = %(epoch)s, longest_window = %(longest_window)s WHERE id = %(id)s;
