-- Find a person by another address from now on.
UPDATE credentials SET address_hash = %(address_hash)s WHERE person = %(person)s;
