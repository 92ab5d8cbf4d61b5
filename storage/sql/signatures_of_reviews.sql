-- Who signed these reviews, and with which dissent.
SELECT review_id, side, person, signed_at, dissent FROM review_signatures WHERE review_id = ANY(%(ids)s)
