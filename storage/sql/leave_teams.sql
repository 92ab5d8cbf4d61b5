-- Take a person out of every team.
DELETE FROM team_members WHERE person = %(person)s;
