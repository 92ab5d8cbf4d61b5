-- What is stored, and what was deleted openly, at the moment of this snapshot.
SELECT now(), (SELECT count(*) FROM events),
       (SELECT coalesce(sum(events), 0)::bigint FROM erasures),
       (SELECT coalesce(sum(events), 0)::bigint FROM retention_runs),
       EXISTS (SELECT FROM erased_contacts)
