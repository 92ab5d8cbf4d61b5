-- Remember that an alarm was raised.
INSERT INTO standing_alarms (subject, alarm, raised_at)
VALUES (%(subject)s, %(alarm)s, %(at)s) ON CONFLICT DO NOTHING;
