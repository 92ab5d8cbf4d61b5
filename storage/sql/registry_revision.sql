-- The number that every change of an active definition raises.
SELECT revision FROM registry_revision;
