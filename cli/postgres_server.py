"""The embedded PostgreSQL: the real server, its cluster on disk, on the loopback interface only.

A server that still runs for the same directory is used again; one that crashed is recovered.
"""

import secrets
import shutil
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from cli.ports import LOOPBACK, choose_port
from cli.postgres_place import PostgresPlace, prepare_place
from cli.postmaster import drop_stale_lock, running_postmaster
from cli.processes import (
    Command,
    NotReadyError,
    ProcessDiedError,
    ProcessRecord,
    is_alive,
    launch,
    log_tail,
    run_to_end,
    stop,
    wait_until,
)
from cli.stack_error import StackError

ROLE = "postgres"
SUPERUSER = "roundtable"
DATABASE = "roundtable"
START_SECONDS = 60
STOP_SECONDS = 30


class ClusterError(StackError):
    """The cluster could not be created."""


@dataclass(frozen=True)
class Postgres:
    """A running server: how to connect to the project's database, and its process."""

    conninfo: str = field(repr=False)  # holds the password
    process: ProcessRecord


@dataclass(frozen=True)
class PostgresHome:
    """The directories of one server."""

    directory: Path
    logs: Path
    owner: Path

    @property
    def log(self) -> Path:
        """What the server prints."""
        return self.logs / "postgres.log"


@contextmanager
def running_postgres(
    home: PostgresHome, preferred_port: int, options: Sequence[str] = ()
) -> Iterator[Postgres]:
    """Run a server for the length of a block; `options` are `name=value` settings."""
    postgres = start_postgres(home, preferred_port, options)
    try:
        yield postgres
    finally:
        stop_postgres(postgres.process)


def start_postgres(
    home: PostgresHome, preferred_port: int, options: Sequence[str] = ()
) -> Postgres:
    """Use the server that runs already, or create the cluster if needed and start it."""
    home.logs.mkdir(parents=True, exist_ok=True)
    place = prepare_place(home.directory)
    postgres = find_postgres(place)
    if postgres is None:
        if not place.data.exists():
            _create_cluster(home, place)
        postgres = _start(home, place, choose_port(preferred_port), options)
    _create_database(postgres.conninfo)
    return postgres


def stop_postgres(process: ProcessRecord) -> None:
    """End sessions and write everything out; killed only when that takes too long."""
    stop(process, gently=signal.SIGINT, patience=STOP_SECONDS)


def find_postgres(place: PostgresPlace) -> Postgres | None:
    """Return the server that runs for this cluster, once it lets us in."""
    postmaster = running_postmaster(place.data)
    if postmaster is None:
        return None
    conninfo = _conninfo(place, postmaster.port)
    deadline = time.monotonic() + START_SECONDS
    while not accepts_connections(conninfo):
        if not is_alive(postmaster.process):
            return None
        if time.monotonic() > deadline:
            pid = postmaster.process.pid
            raise NotReadyError(f"PostgreSQL (process {pid}) runs but does not answer.")
        time.sleep(0.2)
    return Postgres(conninfo, postmaster.process)


def accepts_connections(conninfo: str) -> bool:
    """Say whether the server of this conninfo lets us in; its database need not exist yet."""
    try:
        psycopg.connect(conninfo, dbname="postgres", connect_timeout=5).close()
    except psycopg.OperationalError:
        return False
    return True


def _start(home: PostgresHome, place: PostgresPlace, port: int, options: Sequence[str]) -> Postgres:
    drop_stale_lock(place.data)
    settings = (
        f"port={port}",
        f"listen_addresses={LOOPBACK}",
        "unix_socket_directories=",
        *options,
    )
    flags = [part for setting in settings for part in ("-c", setting)]
    argv = [str(place.programs / "postgres"), "-D", str(place.data), *flags]
    command = Command(ROLE, argv, home.log, home.owner, run_as=place.run_as)
    conninfo = _conninfo(place, port)
    process = _launch_when_free(command, conninfo)
    return Postgres(conninfo, process)


def _launch_when_free(command: Command, conninfo: str) -> ProcessRecord:
    # The sessions of a killed server hold its shared memory for a moment longer.
    for _ in range(5):
        process = launch(command)
        try:
            wait_until(
                lambda: accepts_connections(conninfo), process, command, seconds=START_SECONDS
            )
        except ProcessDiedError:
            time.sleep(1)
        except NotReadyError:
            stop_postgres(process)
            raise
        else:
            return process
    raise ProcessDiedError(f"PostgreSQL does not start.\n{log_tail(command.log)}")


def _create_cluster(home: PostgresHome, place: PostgresPlace) -> None:
    # Created aside and renamed: a crash leaves either no cluster or a whole one.
    draft = place.home / "data.new"
    shutil.rmtree(draft, ignore_errors=True)
    _write_password(place)
    argv = [
        str(place.programs / "initdb"),
        f"--pgdata={draft}",
        f"--username={SUPERUSER}",
        f"--pwfile={place.password_file}",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
        "--locale=C",
    ]
    if run_to_end(Command("initdb", argv, home.log, home.owner, run_as=place.run_as)) != 0:
        raise ClusterError(f"PostgreSQL cannot use {place.home}.\n{log_tail(home.log)}")
    draft.rename(place.data)


def _write_password(place: PostgresPlace) -> None:
    place.password_file.unlink(missing_ok=True)
    place.password_file.touch(mode=0o600)
    place.password_file.write_text(secrets.token_urlsafe(24))
    if place.run_as is not None:
        shutil.chown(place.password_file, place.run_as.uid, place.run_as.gid)


def _conninfo(place: PostgresPlace, port: int) -> str:
    return make_conninfo(
        host=LOOPBACK,
        port=port,
        user=SUPERUSER,
        password=place.password_file.read_text(),
        dbname=DATABASE,
    )


def _create_database(conninfo: str) -> None:
    with psycopg.connect(conninfo, dbname="postgres", autocommit=True) as connection:
        query = "SELECT 1 FROM pg_database WHERE datname = %s"
        if connection.execute(query, [DATABASE]).fetchone() is None:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))
