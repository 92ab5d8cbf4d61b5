-- Links as the stored events tell them against links as they are noted, where both part.
-- What may have been told by an event from before `forgotten_us` is left out.
WITH told AS (
    SELECT DISTINCT ON (contact COLLATE "C", account COLLATE "C")
           contact COLLATE "C" AS contact, account COLLATE "C" AS account,
           CASE WHEN type = 'identity.linked' THEN time_us END AS linked_us,
           CASE WHEN type = 'identity.linked' THEN source END AS source,
           CASE WHEN type = 'identity.linked' THEN id END AS id
    FROM events WHERE contact IS NOT NULL AND account IS NOT NULL
    ORDER BY contact COLLATE "C", account COLLATE "C", 3 DESC NULLS LAST, 4 DESC, 5 DESC
), noted AS (
    SELECT contact, account, explicit_us, source, id FROM contact_links
    UNION ALL
    -- A home alone says where its contact was named, if no link does.
    SELECT contact, home, NULL, NULL, NULL FROM contacts
    WHERE home <> 'contact:' || contact
      AND NOT EXISTS (SELECT FROM contact_links l WHERE l.contact = contacts.contact)
)
SELECT coalesce(told.contact, noted.contact), coalesce(told.account, noted.account),
       noted.contact IS NOT NULL, noted.explicit_us, noted.source, noted.id,
       told.contact IS NOT NULL, told.linked_us, told.source, told.id
FROM told FULL JOIN noted
  ON noted.contact = told.contact AND noted.account = told.account
WHERE (told.contact IS NULL OR noted.contact IS NULL
       OR (told.linked_us, told.source, told.id)
          IS DISTINCT FROM (noted.explicit_us, noted.source, noted.id))
  AND NOT coalesce(
        %(forgotten_us)s::bigint IS NOT NULL
        AND noted.contact IS NOT NULL
        AND (noted.explicit_us IS NULL AND told.contact IS NULL
             OR noted.explicit_us < %(forgotten_us)s::bigint
                AND (told.linked_us IS NULL OR (told.linked_us, told.source, told.id)
                                             < (noted.explicit_us, noted.source, noted.id))),
        false)
ORDER BY 1, 2
