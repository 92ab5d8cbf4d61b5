-- An entry of the access log, before anything is shown.
INSERT INTO access_log (at, action, person, experiment, level, route, detail)
VALUES (%(at)s, %(action)s, %(person)s, %(experiment)s, %(level)s, %(route)s, %(detail)s)
