-- Where an experiment stood when it was looked at last.
SELECT standing FROM told_standings WHERE experiment = %(experiment)s;
