-- Let homes that another partition wrote, or none yet, belong to this one from now on.
UPDATE account_states SET partition_number = %(number)s WHERE home = ANY(%(homes)s);
