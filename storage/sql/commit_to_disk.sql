-- Let this transaction's commit wait for the disk, whatever the connection does by default.
SELECT set_config('synchronous_commit', 'on', true);
