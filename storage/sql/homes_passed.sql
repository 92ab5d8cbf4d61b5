-- How many homes a build came past on its way from one home to another, or to the end; and the last.
SELECT count(*), max(home) FROM account_states
WHERE home > %(after)s AND (%(up_to)s::text IS NULL OR home <= %(up_to)s);
