-- Every event under the home that the stored events give it, beside the homes that are stored.
-- `forgotten_us`: links from before it are known by their note alone.
WITH seen AS (
    SELECT contact COLLATE "C" AS contact, account COLLATE "C" AS account,
           CASE WHEN type = 'identity.linked' THEN time_us END AS linked_us,
           CASE WHEN type = 'identity.linked' THEN source END AS source,
           CASE WHEN type = 'identity.linked' THEN id END AS id
    FROM events WHERE contact IS NOT NULL AND account IS NOT NULL
    UNION ALL
    SELECT contact, account, explicit_us, source, id FROM contact_links
    WHERE %(forgotten_us)s::bigint IS NOT NULL
      AND (explicit_us IS NULL OR explicit_us < %(forgotten_us)s::bigint)
    UNION ALL
    -- A home alone says where its contact was named, if no link does.
    SELECT contact, home, NULL, NULL, NULL FROM contacts
    WHERE %(forgotten_us)s::bigint IS NOT NULL AND home <> 'contact:' || contact
      AND NOT EXISTS (SELECT FROM contact_links l WHERE l.contact = contacts.contact)
), decided AS (
    SELECT DISTINCT ON (contact) contact, account FROM seen
    ORDER BY contact, linked_us DESC NULLS LAST, source DESC, id DESC, account
)
SELECT coalesce(e.account, d.account, 'contact:' || e.contact) COLLATE "C" AS true_home,
       e.source, e.id, e.type, e.time_us, e.account, e.contact, e.campaign, e.content, e.channel,
       e.deal, e.amount, e.currency, e.data::text, e.home,
       coalesce(d.account, 'contact:' || e.contact), c.home
FROM events e
LEFT JOIN decided d ON d.contact = e.contact
LEFT JOIN contacts c ON c.contact = e.contact
ORDER BY 1
