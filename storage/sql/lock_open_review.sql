-- Hold a review until the end of the transaction; no row where it is concluded.
SELECT id FROM reviews WHERE id = %(id)s AND concluded_at IS NULL FOR NO KEY UPDATE;
