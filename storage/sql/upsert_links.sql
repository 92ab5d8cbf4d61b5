-- Note at which account a contact was seen; a later identity.linked event replaces an earlier one.
INSERT INTO contact_links (contact, account, explicit_us, source, id)
SELECT * FROM unnest(%(contacts)s::text[], %(accounts)s::text[], %(explicit_us)s::bigint[],
                     %(sources)s::text[], %(ids)s::text[]) AS seen (contact, account, explicit_us, source, id)
ORDER BY contact, account
ON CONFLICT (contact, account) DO UPDATE
SET explicit_us = EXCLUDED.explicit_us, source = EXCLUDED.source, id = EXCLUDED.id
WHERE EXCLUDED.explicit_us IS NOT NULL
  AND (contact_links.explicit_us IS NULL
       OR (EXCLUDED.explicit_us, EXCLUDED.source, EXCLUDED.id)
        > (contact_links.explicit_us, contact_links.source, contact_links.id));
