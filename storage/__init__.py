"""The only user of psycopg: migrations, one SQL file per statement, repositories."""
