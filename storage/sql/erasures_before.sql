-- A page of erasures, the newest first.
SELECT number, erased_at, erased_by, events, accounts, experiments
FROM erasures WHERE number < %(before)s ORDER BY number DESC LIMIT %(limit)s
