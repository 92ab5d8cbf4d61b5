-- The sides that have written their reading of a review.
SELECT side FROM review_readings WHERE review_id = %(id)s;
