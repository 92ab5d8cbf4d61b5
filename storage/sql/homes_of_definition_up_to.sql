-- How many homes may hold units of a definition, counted no further than asked.
SELECT count(*) FROM (
    SELECT FROM definition_homes WHERE definition_id = %(id)s LIMIT %(most)s
) AS counted;
