-- Freeze a definition of an experiment; its moments are built from the stored history.
INSERT INTO definitions (experiment_id, epoch, body, status, created_at)
VALUES (%(experiment_id)s, %(epoch)s, %(body)s, 'building', %(created_at)s)
RETURNING id;
