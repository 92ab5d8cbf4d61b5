-- Put a person into these teams.
INSERT INTO team_members (person, team) SELECT %(person)s, unnest(%(teams)s::text[]);
