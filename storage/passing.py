"""Errors that pass by themselves: a job that goes on for ever waits and tries again."""

from psycopg import errors

from storage.pool import RETRYABLE, UNREACHABLE

NOT_MIGRATED = (errors.UndefinedTable, errors.UndefinedColumn)
"""The database is older than the code: while a release is rolled out, that is so for a moment."""

PASSING = (*UNREACHABLE, *RETRYABLE, *NOT_MIGRATED)
