-- A page of the accesses of an experiment, the newest first.
SELECT number, at, action, person, experiment, level, route, detail
FROM access_log
WHERE experiment = %(experiment)s AND number < %(before)s
ORDER BY number DESC LIMIT %(limit)s
