"""A stack of a run's own: broker, PostgreSQL, API and workers as processes, a network in between.

Workers reach PostgreSQL through a route of their own each and Kafka through one that they share:
the broker has a second listener for that, which advertises the port of the route.
"""

import signal
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from unittest import mock

import psutil
import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from cli import applications, kafka_server
from cli.applications import Addresses
from cli.data_dir import DataDir
from cli.kafka_config import BrokerPorts, server_properties
from cli.kafka_server import Kafka, start_kafka, stop_kafka
from cli.migrate import apply_migrations
from cli.ports import LOOPBACK, answers, choose_port
from cli.postgres_server import Postgres, start_postgres, stop_postgres
from cli.processes import Command, is_alive, launch, stop, wait_until
from cli.reporting import silent
from cli.services import Services, kafka_home, postgres_home
from cli.settings import Settings
from cli.topics import ensure_topics
from tests.chaos.kept import Keeper
from tests.chaos.proxy import Proxy
from tests.chaos.worker_process import BUILD, CLOCK

API = "api"
KAFKA = "kafka"
MOST_WORKERS = 4
# What is not synced survives the end of every process; only a crash of the machine loses it.
POSTGRES_OPTIONS = ("fsync=off", "full_page_writes=off", "max_connections=200")


@dataclass
class Stack:
    """What runs, and how to start each part of it again at the same place."""

    layout: DataDir
    kafka: Kafka
    broker: Command
    postgres: Postgres
    proxy: Proxy
    routes: dict[str, tuple[int, int]]
    http_port: int
    build: str = ""
    keeper: Keeper = field(default_factory=Keeper)

    @property
    def addresses(self) -> Addresses:
        """Where the parts are, for everybody but the workers."""
        services = Services(self.kafka.address, self.postgres.conninfo)
        return Addresses(
            services,
            self.http_port,
            token="chaos-token-of-a-run",
            hash_key="chaos-hash-key-of-a-run",
        )

    def connect(self) -> psycopg.Connection:
        """Connect to the database past the network."""
        return psycopg.connect(self.postgres.conninfo, autocommit=True, connect_timeout=5)

    def workers(self) -> list[str]:
        """Return the names of the workers that have to run now."""
        return [name for name in self.keeper.names() if name != API]

    def set_workers(self, count: int) -> None:
        """Start workers, or end the last ones, until there are `count`."""
        wanted = worker_names(count)
        for name in set(self.workers()) - set(wanted):
            self.keeper.end(name)
        for name in wanted:
            if name not in self.workers():
                self.keeper.start(name, self._worker(name))

    def clock_of(self, worker: str) -> Path:
        """Return the file that says how far a worker's clock is off."""
        return self.layout.root / f"{worker}.clock"

    def log_of(self, name: str) -> Path:
        """Return what a process printed."""
        return self.layout.logs / f"{name}.log"

    def start_broker(self) -> None:
        """Start the broker again where it was, and wait until it answers."""
        port = int(self.kafka.address.rpartition(":")[2])
        process = launch(self.broker)
        self.kafka = replace(self.kafka, process=process)
        wait_until(lambda: answers(port), process, self.broker, seconds=90)

    def start_postgres(self) -> None:
        """Start PostgreSQL again where it was, and wait until it lets somebody in."""
        port = int(conninfo_to_dict(self.postgres.conninfo)["port"])  # type: ignore[arg-type]
        self.postgres = start_postgres(postgres_home(self.layout), port, POSTGRES_OPTIONS)

    def server_processes(self) -> list[psutil.Process]:
        """Return every process of PostgreSQL."""
        postmaster = psutil.Process(self.postgres.process.pid)
        return [postmaster, *postmaster.children(recursive=True)]

    def mend(self) -> None:
        """Undo what a fault may have left: nobody sleeps, everything runs, the network is whole."""
        for name in self.keeper.names():
            self.keeper.signal(name, signal.SIGCONT)
        if is_alive(self.kafka.process):
            psutil.Process(self.kafka.process.pid).send_signal(signal.SIGCONT)
        else:
            stop(self.kafka.process)
            self.start_broker()
        if is_alive(self.postgres.process):
            for process in self.server_processes():
                process.send_signal(signal.SIGCONT)
        else:
            stop(self.postgres.process)
            self.start_postgres()
        self.proxy.open_all()

    def _worker(self, name: str) -> Command:
        usual = applications.worker(self.layout, self.addresses).command
        self.clock_of(name).write_text("0")
        database = make_conninfo(self.postgres.conninfo, port=self.routes[name][0])
        environ = {
            **usual.environ,
            "ROUNDTABLE_KAFKA": f"{LOOPBACK}:{self.routes[KAFKA][0]}",
            "ROUNDTABLE_DATABASE": database,
            "ROUNDTABLE_INSTANCE": name,
            BUILD: self.build,
            CLOCK: str(self.clock_of(name)),
        }
        argv = [sys.executable, "-m", "tests.chaos.worker_process"]
        return replace(usual, role=name, argv=argv, log=self.log_of(name), environ=environ)


def worker_names(count: int) -> list[str]:
    """Return the names of the first `count` workers."""
    return [f"worker-{number}" for number in range(1, count + 1)]


@contextmanager
def running(
    directory: Path, settings: Settings, *, workers: int, build: str = ""
) -> Iterator[Stack]:
    """Start everything on free ports, and end it all at the end, whatever state it is in."""
    layout = DataDir.at(directory)
    with ExitStack() as at_exit:
        stack = _services(layout, settings, at_exit)
        stack.build = build
        apply_migrations(stack.postgres.conninfo, silent)
        ensure_topics(stack.kafka.address)
        at_exit.callback(stack.keeper.close)
        at_exit.callback(stack.mend)
        stack.keeper.open()
        stack.set_workers(workers)
        api = applications.api(layout, stack.addresses)
        api.wait_until_ready(stack.keeper.start(API, api.command))
        yield stack


def _services(layout: DataDir, settings: Settings, at_exit: ExitStack) -> Stack:
    advertised, behind = _free_ports(2)
    listener = mock.patch.object(
        kafka_server,
        "server_properties",
        _with_listener(server_properties, advertised, behind),
    )
    with listener, ThreadPoolExecutor(2) as pool:
        starting = pool.submit(start_postgres, postgres_home(layout), 0, POSTGRES_OPTIONS)
        kafka = start_kafka(kafka_home(layout), settings)
        postgres = starting.result()
    routes = {KAFKA: (advertised, behind)} | _database_routes(postgres.conninfo)
    argv = psutil.Process(kafka.process.pid).cmdline()
    home = kafka_home(layout)
    stack = Stack(
        layout=layout,
        kafka=kafka,
        broker=Command(kafka_server.ROLE, argv, home.log, home.owner),
        postgres=postgres,
        proxy=Proxy(routes),
        routes=routes,
        http_port=choose_port(0),
    )
    at_exit.callback(lambda: stop_postgres(stack.postgres.process))
    at_exit.callback(lambda: stop_kafka(stack.kafka.process))
    at_exit.callback(stack.proxy.close)
    return stack


def _database_routes(conninfo: str) -> dict[str, tuple[int, int]]:
    target = int(conninfo_to_dict(conninfo)["port"])  # type: ignore[arg-type]
    names = worker_names(MOST_WORKERS)
    return {name: (port, target) for name, port in zip(names, _free_ports(len(names)), strict=True)}


def _free_ports(count: int) -> list[int]:
    ports: list[int] = []
    while len(ports) < count:
        ports.append(choose_port(0, taken=frozenset(ports)))
    return ports


def _with_listener(
    usual: Callable[[BrokerPorts, Path], str], advertised: int, behind: int
) -> Callable[[BrokerPorts, Path], str]:
    """Add a listener for workers, which tells them to come through the network of the run."""

    def properties(ports: BrokerPorts, data: Path) -> str:
        clients = f"PLAINTEXT://{LOOPBACK}:{ports.clients}"
        controller = f"CONTROLLER://{LOOPBACK}:{ports.controller}"
        # The last line of a name counts.
        return usual(ports, data) + (
            f"listeners={clients},WORKERS://{LOOPBACK}:{behind},{controller}\n"
            f"advertised.listeners={clients},WORKERS://{LOOPBACK}:{advertised}\n"
            "listener.security.protocol.map="
            "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,WORKERS:PLAINTEXT\n"
            "inter.broker.listener.name=PLAINTEXT\n"
        )

    return properties
