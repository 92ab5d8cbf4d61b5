-- Wake those who watch these experiments, once the transaction has committed.
SELECT pg_notify('readings', key) FROM unnest(%(keys)s::text[]) AS key;
