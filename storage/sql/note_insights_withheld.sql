-- Remember which insights are kept from the topic.
UPDATE insights SET withheld_at = %(at)s WHERE number = ANY(%(numbers)s) AND published_at IS NULL;
