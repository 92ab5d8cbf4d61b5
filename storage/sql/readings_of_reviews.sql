-- What each side wrote in these reviews.
SELECT review_id, side, person, body, written_at FROM review_readings WHERE review_id = ANY(%(ids)s)
