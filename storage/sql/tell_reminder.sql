-- Remember when the reminder was due that is told; an earlier one is not told any more.
INSERT INTO told_reminders AS told (review_id, moment, told_at)
VALUES (%(id)s, %(moment)s, %(at)s)
ON CONFLICT (review_id) DO UPDATE SET moment = excluded.moment, told_at = excluded.told_at
WHERE told.moment < excluded.moment
RETURNING moment;
