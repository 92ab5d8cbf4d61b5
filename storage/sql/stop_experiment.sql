-- Stop an experiment, with the reason; its body now ends.
UPDATE experiments
SET status = 'stopped', stopped_at = %(at)s, stop_reason = %(reason)s, epoch = %(epoch)s,
    body = %(body)s
WHERE id = %(id)s;
