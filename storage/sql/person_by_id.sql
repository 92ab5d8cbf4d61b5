-- One person with the teams and with what they sign in with.
SELECT p.id, p.name, p.side, p.roles, p.is_active, p.created_at,
       ARRAY(SELECT team FROM team_members WHERE person = p.id ORDER BY team) AS teams,
       CASE WHEN c.openid_subject IS NOT NULL THEN 'openid'
            WHEN c.password_hash IS NOT NULL THEN 'password' END AS signs_in_with
FROM people p JOIN credentials c ON c.person = p.id
WHERE p.id = %(id)s;
