-- Another proposal is another text to sign.
DELETE FROM review_signatures WHERE review_id = %(review_id)s
