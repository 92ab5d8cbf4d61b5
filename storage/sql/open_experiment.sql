-- From here to the end of the transaction only this experiment is readable; none where it is unknown.
SELECT set_config('roundtable.experiment',
                  coalesce((SELECT id::text FROM experiments WHERE key = %(key)s), ''), true)
