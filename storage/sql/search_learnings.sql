-- A word is found in either language's stem; without words, the newest come first.
WITH asked AS (
    SELECT websearch_to_tsquery('english', %(words)s) AS english,
           websearch_to_tsquery('german', %(words)s) AS german
), found AS (
    SELECT l.*, greatest(ts_rank(l.english, a.english), ts_rank(l.german, a.german)) AS rank
    FROM learnings l, asked a
    WHERE %(words)s = '' OR l.english @@ a.english OR l.german @@ a.german
)
SELECT e.key, r.number, f.name, f.hypothesis, f.learning, f.decision, f.is_joint, f.concluded_at
FROM found f
JOIN reviews r ON r.id = f.review_id
JOIN experiments e ON e.id = f.experiment_id
ORDER BY CASE WHEN %(words)s = '' THEN 0 ELSE f.rank END DESC, f.concluded_at DESC, f.review_id DESC
LIMIT %(limit)s OFFSET %(offset)s
