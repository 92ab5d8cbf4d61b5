-- That something was erased, not whom it was about.
INSERT INTO erasures (erased_at, erased_by, events, accounts, experiments)
VALUES (%(at)s, %(by)s, %(events)s, %(accounts)s, %(experiments)s)
RETURNING number
