-- Open reviews whose deadline is not later, each with when it was reminded of last.
SELECT r.id, e.key AS experiment, e.body ->> 'name' AS name, r.number, r.opened_at, r.deadline,
       told.moment AS reminded
FROM reviews r
JOIN experiments e ON e.id = r.experiment_id
LEFT JOIN told_reminders told ON told.review_id = r.id
WHERE r.concluded_at IS NULL AND r.deadline <= %(due_before)s
ORDER BY r.deadline, r.id;
