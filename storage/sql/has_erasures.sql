-- Whether batches have to look for erased contacts at all.
SELECT EXISTS (SELECT FROM erased_contacts)
