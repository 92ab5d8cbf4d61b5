-- Tell every worker to reload its definitions before its next batch.
UPDATE registry_revision SET revision = revision + 1 RETURNING revision;
