-- Wait no longer than this for any lock of this transaction: whoever waits for the gate holds up all.
SELECT set_config('lock_timeout', %(patience)s, true)
