-- Give up definitions that are still being built: a newer one takes their place.
UPDATE definitions SET status = 'retired'
WHERE experiment_id = %(experiment_id)s AND status = 'building'
RETURNING id;
