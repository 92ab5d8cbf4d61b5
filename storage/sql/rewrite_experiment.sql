-- Change what an experiment says, with the columns that it is found by.
UPDATE experiments
SET body = %(body)s, owner = %(owner)s, team = %(team)s, starts_at = %(starts_at)s,
    ends_at = %(ends_at)s, follows = %(follows)s
WHERE id = %(id)s;
