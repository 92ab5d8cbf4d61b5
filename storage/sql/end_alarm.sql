-- Remember that an alarm has ended.
DELETE FROM standing_alarms WHERE subject = %(subject)s AND alarm = %(alarm)s;
