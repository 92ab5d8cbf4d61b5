-- Whether anybody works here.
SELECT EXISTS (SELECT FROM people);
