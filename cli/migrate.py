"""Brings the database to the newest schema; safe to repeat."""

import argparse
import os

import psycopg

from cli.data_dir import add_data_dir
from cli.reporting import Report, to_console
from cli.settings import Settings
from cli.stack import locate_services
from cli.stack_error import StackError
from storage import migrate


class MigrateError(StackError):
    """The database cannot be reached or migrated."""


def apply_migrations(conninfo: str, report: Report) -> None:
    """Apply what is missing and name it."""
    try:
        applied = migrate.apply(conninfo)
    except psycopg.OperationalError as error:
        raise MigrateError(f"The database cannot be used: {error}") from error
    except migrate.MigrationError as error:
        raise MigrateError(str(error)) from error
    for name in applied:
        report(f"Applied {name}")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_data_dir(parser)


def run(args: argparse.Namespace) -> int:
    """Migrate the database of the environment, else of the running stack."""
    services = locate_services(args.data_dir, Settings.from_env(os.environ))
    apply_migrations(services.database, to_console)
    to_console("The database has the newest schema.")
    return 0
