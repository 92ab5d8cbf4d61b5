-- The alarms that were raised and have not ended.
SELECT alarm FROM standing_alarms WHERE subject = %(subject)s;
