-- Note by which address, as keyed hash, a new person is found.
INSERT INTO credentials (person, address_hash) VALUES (%(person)s, %(address_hash)s);
