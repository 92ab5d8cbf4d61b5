-- Take the names of events of which none was taken before.
COPY event_names (name) FROM STDIN (FORMAT BINARY)
