-- A signature of a side.
INSERT INTO review_signatures (review_id, side, person, signed_at, dissent)
VALUES (%(review_id)s, %(side)s, %(person)s, %(at)s, %(dissent)s)
ON CONFLICT (review_id, side) DO UPDATE
SET person = excluded.person, signed_at = excluded.signed_at, dissent = excluded.dissent
