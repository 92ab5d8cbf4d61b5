-- Which of these names are taken.
SELECT name FROM event_names WHERE name = ANY(%(names)s::uuid[]);
