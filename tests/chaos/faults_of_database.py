"""What happens to PostgreSQL: crashes, cut sessions, no writes, no room, locks, a slow disk."""

import resource
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psutil
import psycopg
from psycopg import errors, sql

from cli.processes import stop
from tests.chaos.plan import Fault
from tests.chaos.scene import Scene, locked, wait_for

DISK_FULL, NOT_SERIALISABLE = "53100", "40001"
WAL_SEGMENT = 16 * 1024 * 1024
_WORKERS = "SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'worker-%'"
_DEADLOCKS = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
_LARGEST = "SELECT max(pg_relation_size(oid)) FROM pg_class WHERE relkind = 'r'"


def crashed(scene: Scene, fault: Fault) -> str:
    """Stop the server at once, and start it again: it recovers from its log."""
    stop(scene.stack.postgres.process, gently=signal.SIGQUIT)
    time.sleep(fault.seconds)
    scene.stack.start_postgres()
    return f"away for {fault.seconds:.1f} s and its recovery"


def sessions_cut(scene: Scene, fault: Fault) -> str:
    """Cut the sessions of workers, or of everybody, for a while: what a fail-over looks like."""
    everybody = fault.choice % 2 == 0
    whose = "pid <> pg_backend_pid()" if everybody else "application_name LIKE 'worker-%'"
    query = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname IS NOT NULL AND {whose}"  # noqa: E501
    cut, until = 0, time.monotonic() + fault.seconds
    with scene.stack.connect() as connection:
        while time.monotonic() < until:
            cut += len(connection.execute(query.encode()).fetchall())
            time.sleep(0.2)
    return f"{cut} sessions of {'everybody' if everybody else 'workers'}"


def read_only(scene: Scene, fault: Fault) -> str:
    """Take no writes for a while, as a replica does before it is promoted."""
    _set(scene, "ALTER SYSTEM SET default_transaction_read_only = on")
    try:
        time.sleep(fault.seconds)
    finally:
        _set(scene, "ALTER SYSTEM RESET default_transaction_read_only")
    return "took no writes"


def disk_full(scene: Scene, fault: Fault) -> str:
    """Let no table grow: by a limit on the files that the workers' sessions write.

    The limit cannot be lower than a segment of the write-ahead log, or PostgreSQL would stop.
    While no table is larger than that, a trigger raises what a full disk would.
    """
    with scene.stack.connect() as connection:
        (largest,) = connection.execute(_LARGEST).fetchone() or (0,)
        if largest <= WAL_SEGMENT:
            with _failing(connection, DISK_FULL, 0.5):
                time.sleep(fault.seconds)
            return "raised by a trigger"
        until, limited = time.monotonic() + fault.seconds, set[int]()
        try:
            while time.monotonic() < until:
                for (pid,) in connection.execute(_WORKERS).fetchall():
                    limited |= _limit(pid, WAL_SEGMENT)
                time.sleep(0.1)
        finally:
            for pid in limited:
                _limit(pid, resource.RLIM_INFINITY)
    return f"files limited in {len(limited)} sessions"


def deadlock(scene: Scene, fault: Fault) -> str:
    """Take the locks of a batch in the opposite order, until PostgreSQL has ended somebody."""
    with scene.stack.connect() as looking:
        (before,) = looking.execute(_DEADLOCKS).fetchone() or (0,)
        ours = 0
        until = time.monotonic() + fault.seconds
        while time.monotonic() < until:
            try:
                _lock_backwards(scene)
            except errors.DeadlockDetected:
                ours += 1
        time.sleep(0.2)
        (after,) = looking.execute(_DEADLOCKS).fetchone() or (0,)
    return f"{after - before} deadlocks, {ours} of them ended our own session"


def serialisation_failures(scene: Scene, fault: Fault) -> str:
    """Let transactions fail as those fail that cannot be serialised, at random."""
    with scene.stack.connect() as connection, _failing(connection, NOT_SERIALISABLE, 0.3):
        time.sleep(fault.seconds)
    return "raised by a trigger, in three of ten statements"


def long_lock(scene: Scene, fault: Fault) -> str:
    """Hold a table of the batch, as a migration does that forgot its lock_timeout."""
    table = ("account_states", "partition_offsets", "contacts", "events")[fault.choice % 4]
    with locked(scene, table):
        time.sleep(fault.seconds)
    return f"{table} held"


def slow_disk(scene: Scene, fault: Fault) -> str:
    """Let every process of the server sleep most of the time: as waiting for a slow disk does."""
    until, naps = time.monotonic() + fault.seconds, 0
    while time.monotonic() < until:
        processes = scene.stack.server_processes()
        _signal(processes, signal.SIGSTOP)
        time.sleep(0.15)
        _signal(processes, signal.SIGCONT)
        time.sleep(0.05)
        naps += 1
    return f"asleep three quarters of the time, {naps} times"


def mended(scene: Scene) -> None:
    """Take away whatever an interrupted fault may have left in the database."""
    _set(scene, "ALTER SYSTEM RESET default_transaction_read_only")
    with scene.stack.connect() as connection:
        _stop_failing(connection)


def _set(scene: Scene, statement: str) -> None:
    with scene.stack.connect() as connection:
        connection.execute("SET default_transaction_read_only = off")
        connection.execute(statement.encode())
        connection.execute("SELECT pg_reload_conf()")


def _limit(pid: int, size: int) -> set[int]:
    with suppress(ProcessLookupError):
        _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, hard))
        return {pid}
    return set()


def _lock_backwards(scene: Scene) -> None:
    """Take what a batch takes last, wait for one to stand before it, then take what it holds."""
    with scene.stack.connect() as connection, connection.transaction():
        connection.execute("SET LOCAL deadlock_timeout = '10s'")  # the others look for it first
        connection.execute("LOCK TABLE account_states IN EXCLUSIVE MODE")
        with scene.stack.connect() as looking:
            wait_for(lambda: _somebody_waits(looking), 1.0)
        connection.execute("SET LOCAL lock_timeout = '3s'")
        with suppress(errors.LockNotAvailable):
            connection.execute("SELECT FROM partition_offsets FOR UPDATE")


def _somebody_waits(connection: psycopg.Connection) -> bool:
    query = f"{_WORKERS} AND wait_event_type = 'Lock'"
    return connection.execute(query.encode()).fetchone() is not None


@contextmanager
def _failing(connection: psycopg.Connection, sqlstate: str, share: float) -> Iterator[None]:
    """Let a share of the statements that move an offset fail with this error."""
    connection.execute(
        sql.SQL(
            """CREATE OR REPLACE FUNCTION chaos_fails() RETURNS trigger LANGUAGE plpgsql AS $$
               BEGIN
                   IF random() < {share} THEN
                       RAISE EXCEPTION 'a fault of the run' USING ERRCODE = {state};
                   END IF;
                   RETURN NULL;
               END $$"""
        ).format(share=sql.Literal(share), state=sql.Literal(sqlstate))
    )
    connection.execute(
        "CREATE OR REPLACE TRIGGER chaos BEFORE UPDATE ON partition_offsets"
        " FOR EACH STATEMENT EXECUTE FUNCTION chaos_fails()"
    )
    try:
        yield
    finally:
        _stop_failing(connection)


def _stop_failing(connection: psycopg.Connection) -> None:
    connection.execute("DROP TRIGGER IF EXISTS chaos ON partition_offsets")
    connection.execute("DROP FUNCTION IF EXISTS chaos_fails()")


def _signal(processes: list[psutil.Process], number: signal.Signals) -> None:
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(number)
