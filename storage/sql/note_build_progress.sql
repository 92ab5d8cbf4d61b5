-- Remember how far a build has come.
UPDATE definitions SET built_up_to = %(built_up_to)s, homes_built = homes_built + %(homes)s
WHERE id = %(id)s;
