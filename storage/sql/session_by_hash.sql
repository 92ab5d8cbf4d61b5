-- The active person of a session that has not ended, and a note, to the minute, that it was used.
WITH found AS (
    SELECT s.hash, s.last_seen_at, s.expires_at, p.id AS person, p.name, p.side, p.roles,
           ARRAY(SELECT team FROM team_members WHERE person = p.id ORDER BY team) AS teams
    FROM sessions s JOIN people p ON p.id = s.person
    WHERE s.hash = %(hash)s AND s.expires_at > %(at)s AND s.last_seen_at > %(idle_since)s
      AND p.is_active
), noted AS (
    UPDATE sessions SET last_seen_at = %(at)s
    FROM found
    WHERE sessions.hash = found.hash
      AND found.last_seen_at <= %(at)s::timestamptz - interval '1 minute'
)
SELECT person, name, side, roles, teams, expires_at FROM found;
