"""The API and the worker as child processes: what to start, and when each is ready."""

import hashlib
import socket
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx

from api.sign_in_settings import (
    CLIENT_ID,
    CLIENT_SECRET,
    HERE_ALONE,
    ISSUER,
    PUBLIC_URL,
    SignInSettings,
)
from cli.data_dir import DataDir
from cli.ports import LOOPBACK
from cli.processes import Command, ProcessRecord, wait_until
from cli.services import Services
from cli.worker_group import partitions_in_work
from stream_processors.worker_settings import GROUP

API = "api"
WORKER = "worker"
START_SECONDS = 60
SETTLE_SECONDS = 2.0


@dataclass(frozen=True)
class Addresses:
    """What a child is told: where services and API are, two secrets, and how people sign in."""

    services: Services
    http_port: int
    token: str
    hash_key: str
    sign_in: SignInSettings = HERE_ALONE
    api_processes: int = 1
    worker_port: int | None = None
    metrics_port: int | None = None

    @property
    def http(self) -> str:
        """The root of the API."""
        return f"http://{LOOPBACK}:{self.http_port}"

    @property
    def worker_http(self) -> str | None:
        """Where the worker says how it fares; None where nobody asks."""
        return None if self.worker_port is None else f"http://{LOOPBACK}:{self.worker_port}"

    @property
    def api_metrics(self) -> tuple[str, ...]:
        """Where each process of the API tells its metrics."""
        if self.metrics_port is None:
            return ()
        ports = range(self.metrics_port, self.metrics_port + self.api_processes)
        return tuple(f"http://{LOOPBACK}:{port}/metrics" for port in ports)

    def environ(self) -> Mapping[str, str]:
        """Return the variables that API and worker read."""
        return {
            "ROUNDTABLE_KAFKA": self.services.kafka,
            **self.services.kafka_access.environ(),
            "ROUNDTABLE_DATABASE": self.services.database,
            "ROUNDTABLE_HTTP_HOST": LOOPBACK,
            "ROUNDTABLE_HTTP_PORT": str(self.http_port),
            "ROUNDTABLE_TOKEN": self.token,
            "ROUNDTABLE_HASH_KEY": self.hash_key,
            "ROUNDTABLE_GROUP": GROUP,
            "ROUNDTABLE_WORKER_HTTP_HOST": LOOPBACK,
            "ROUNDTABLE_WORKER_HTTP_PORT": str(self.worker_port or ""),
            "ROUNDTABLE_METRICS_HOST": LOOPBACK,
            "ROUNDTABLE_METRICS_PORT": str(self.metrics_port or ""),
        }


def sign_in_environ(settings: SignInSettings) -> Mapping[str, str]:
    """Return the variables by which the API knows its address and its identity provider."""
    openid = settings.openid
    return {
        PUBLIC_URL: settings.public_url or "",
        ISSUER: openid.issuer if openid else "",
        CLIENT_ID: openid.client_id if openid else "",
        CLIENT_SECRET: openid.client_secret if openid else "",
    }


@dataclass(frozen=True)
class Application:
    """A child to start, and what to wait for before it counts as started."""

    command: Command
    wait_until_ready: Callable[[ProcessRecord], None]


def api(layout: DataDir, addresses: Addresses) -> Application:
    """Return the API: ready once it can take events and read results."""
    processes = addresses.api_processes
    command = _python_module(
        API,
        "api",
        layout,
        addresses,
        ROUNDTABLE_API_PROCESSES=str(processes),
        **sign_in_environ(addresses.sign_in),
    )
    url = f"{addresses.http}/readyz"
    return Application(command, lambda process: _wait_for_all(url, processes, process, command))


def worker(layout: DataDir, addresses: Addresses) -> Application:
    """Return the worker: ready once its group was given partitions to read."""
    command = _python_module(
        WORKER, "stream_processors", layout, addresses, ROUNDTABLE_INSTANCE=_instance(layout)
    )
    services = addresses.services
    return Application(command, lambda process: _wait_for_partitions(services, process, command))


def _instance(layout: DataDir) -> str:
    """Name the worker in its group: restarted under that name, it has its partitions at once.

    A directory of a machine has one worker, so no two that run share the name.
    """
    place = hashlib.sha256(str(layout.root).encode()).hexdigest()[:12]
    return f"{socket.gethostname()}-{place}"


def _python_module(
    role: str, module: str, layout: DataDir, addresses: Addresses, **more: str
) -> Command:
    environ = {
        **addresses.environ(),
        **more,
        # Children start in "/": a checkout that is not installed is found all the same.
        "PYTHONPATH": str(Path(__file__).resolve().parent.parent),
        "PYTHONUNBUFFERED": "1",
    }
    argv = [sys.executable, "-m", module]
    return Command(role, argv, layout.logs / f"{role}.log", layout.root, environ)


def _wait_for_all(url: str, processes: int, process: ProcessRecord, command: Command) -> None:
    # Whichever process takes the connection answers and says which it is.
    ready: set[int] = set()

    def all_ready() -> bool:
        ready.update(_ready_process(url))
        return len(ready) == processes

    wait_until(all_ready, process, command, seconds=START_SECONDS)


def _wait_for_partitions(services: Services, process: ProcessRecord, command: Command) -> None:
    # The group still counts a member that was killed: a new one first has to outlive its set-up.
    settled_at = time.monotonic() + SETTLE_SECONDS

    def at_work() -> bool:
        return (
            time.monotonic() > settled_at
            and partitions_in_work(services.kafka, GROUP, services.kafka_access) > 0
        )

    wait_until(at_work, process, command, seconds=START_SECONDS)


def _ready_process(url: str) -> Sequence[int]:
    try:
        answer = httpx.get(url, timeout=5, trust_env=False)
    except httpx.TransportError:
        return ()
    return (answer.json()["process"],) if answer.status_code == httpx.codes.OK else ()
