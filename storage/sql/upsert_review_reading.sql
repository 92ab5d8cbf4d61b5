-- A reading, written or changed.
INSERT INTO review_readings (review_id, side, person, body, written_at)
VALUES (%(review_id)s, %(side)s, %(person)s, %(body)s, %(at)s)
ON CONFLICT (review_id, side) DO UPDATE
SET person = excluded.person, body = excluded.body, written_at = excluded.written_at
