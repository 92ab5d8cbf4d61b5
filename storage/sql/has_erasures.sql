SELECT EXISTS (SELECT FROM erased_contacts)
