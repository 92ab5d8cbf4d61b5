-- What was learned enters the library with the question it answers.
INSERT INTO learnings
    (review_id, experiment_id, concluded_at, decision, is_joint, name, hypothesis, learning)
SELECT r.id, r.experiment_id, %(at)s, %(decision)s, %(is_joint)s, e.body ->> 'name',
       e.body ->> 'hypothesis', %(learning)s
FROM reviews r
JOIN experiments e ON e.id = r.experiment_id
WHERE r.id = %(review_id)s
