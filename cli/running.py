"""Runs a whole stack for the length of a block: services, schema, topics, API and worker.

Whatever is left of a stack whose `up` was killed is used again (Kafka, PostgreSQL) or replaced
(API, worker); leaving the block stops everything in order.
"""

import os
import secrets
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace

from cli import applications
from cli.applications import Addresses, Application
from cli.data_dir import DataDir, write_private
from cli.migrate import apply_migrations
from cli.ports import choose_port, choose_run
from cli.processes import ProcessRecord, launch, record_of, stop
from cli.reporting import Report, silent
from cli.services import Services, start_services, stop_services
from cli.settings import Settings
from cli.stack import Stack, record
from cli.supervisor import Supervisor
from cli.topics import ensure_topics


@dataclass(frozen=True)
class Parts:
    """Which of the two applications to run beside Kafka and PostgreSQL."""

    api: bool = True
    worker: bool = True


EVERYTHING = Parts()


class RunningStack:
    """A stack that runs: `stack` says where; `wait` blocks until something essential ends."""

    def __init__(self, layout: DataDir, stack: Stack, report: Report) -> None:
        self.stack = stack
        self._layout = layout
        self._supervisor = Supervisor(dict(stack.processes), report, self._note)
        self._thread = threading.Thread(target=self._supervisor.watch, name="supervisor")
        record(layout, stack)

    def wait(self) -> str:
        """Block until Kafka or PostgreSQL ends, and say which."""
        while not self._supervisor.ended.wait(1):  # in steps, so that signals are handled
            pass
        return self._supervisor.failure or "The stack was stopped."

    def start(self, chosen: Sequence[Application]) -> None:
        """Start the applications, wait until all are ready, and watch over them from then on."""
        started = [(application, self._launch(application)) for application in chosen]
        for application, process in started:
            application.wait_until_ready(process)
            self._supervisor.adopt(application.command, process)
        self.stack = replace(self.stack, ready=True)
        record(self._layout, self.stack)
        self._thread.start()

    def stop_applications(self) -> None:
        """Stop watching, then the applications in the order in which they were started."""
        self._supervisor.stopping.set()
        if self._thread.is_alive():
            self._thread.join()
        for role, process in self.stack.processes.items():
            if role in {applications.API, applications.WORKER}:
                stop(process)

    def _launch(self, application: Application) -> ProcessRecord:
        process = launch(application.command)
        self._note(application.command.role, process)
        return process

    def _note(self, role: str, process: ProcessRecord) -> None:
        processes = {**self.stack.processes, role: process}
        self.stack = replace(self.stack, processes=processes)
        record(self._layout, self.stack)


@contextmanager
def running_stack(
    data_dir: Path, settings: Settings, parts: Parts = EVERYTHING, report: Report = silent
) -> Iterator[RunningStack]:
    """Start everything, wait until it is healthy, and stop it all at the end."""
    layout = DataDir.at(data_dir)
    with layout.held(), ExitStack() as at_exit:
        at_exit.callback(layout.state_file.unlink, missing_ok=True)
        report("Starting Kafka and PostgreSQL")
        services = start_services(layout, settings, report)
        at_exit.callback(stop_services, services)
        addresses = _addresses(layout, settings, services)
        running = RunningStack(layout, _description(addresses, parts), report)
        _prepare(services, report)
        at_exit.callback(running.stop_applications)
        running.start(_chosen(layout, addresses, parts))
        yield running


def _addresses(layout: DataDir, settings: Settings, services: Services) -> Addresses:
    http = choose_port(settings.http_port)
    worker = choose_port(settings.worker_http_port, taken=frozenset({http}))
    return Addresses(
        services=services,
        http_port=http,
        token=_secret(layout.token_file, settings.token),
        hash_key=_secret(layout.hash_key_file, settings.hash_key),
        sign_in=settings.sign_in,
        api_processes=settings.api_processes,
        worker_port=worker,
        metrics_port=choose_run(
            settings.metrics_port, settings.api_processes, taken=frozenset({http, worker})
        ),
    )


def _prepare(services: Services, report: Report) -> None:
    apply_migrations(services.database, report)
    if created := ensure_topics(services.kafka, services.kafka_access):
        report(f"Created the topics {', '.join(created)}")


def _chosen(layout: DataDir, addresses: Addresses, parts: Parts) -> list[Application]:
    api = [applications.api(layout, addresses)] if parts.api else []
    worker = [applications.worker(layout, addresses)] if parts.worker else []
    return [*api, *worker]


def _description(addresses: Addresses, parts: Parts) -> Stack:
    services = addresses.services
    found = {"kafka": services.kafka_process, "postgres": services.postgres_process}
    return Stack(
        kafka=services.kafka,
        database=services.database,
        http=addresses.http if parts.api else None,
        api_metrics=addresses.api_metrics if parts.api else (),
        worker_http=addresses.worker_http if parts.worker else None,
        token=addresses.token,
        public_url=addresses.sign_in.public_url if parts.api else None,
        runner=record_of(os.getpid()),
        processes={role: process for role, process in found.items() if process is not None},
    )


def _secret(file: Path, chosen: str | None) -> str:
    if chosen is not None:
        return chosen
    if not file.exists():
        write_private(file, secrets.token_urlsafe(24))
    return file.read_text().strip()
