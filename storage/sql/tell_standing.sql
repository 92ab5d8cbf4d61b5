-- Remember where an experiment stands.
INSERT INTO told_standings (experiment, standing, told_at)
VALUES (%(experiment)s, %(standing)s, %(at)s)
ON CONFLICT (experiment) DO UPDATE SET standing = excluded.standing, told_at = excluded.told_at;
