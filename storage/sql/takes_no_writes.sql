-- Whether this is a replica, or was set to be read alone.
SELECT current_setting('transaction_read_only') = 'on'
