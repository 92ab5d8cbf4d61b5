-- The decision as it stands proposed.
UPDATE reviews SET proposal = %(proposal)s WHERE id = %(review_id)s
