"""`roundtable doctor`: looks at everything the stack needs, says what is wrong and what to do."""

import argparse
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict
from rich.table import Table
from rich.text import Text

from cli.data_dir import DataDir, add_data_dir
from cli.finding import Finding, problem, skipped
from cli.kafka_install import jar_directory, maven_sources
from cli.kafka_jars import pinned_jars
from cli.machine_checks import check_disk, check_jars, check_java, check_port
from cli.reporting import OUTPUT, print_json
from cli.settings import Settings
from cli.stack import Stack, find, kafka_access_of
from cli.stack_checks import (
    check_api,
    check_database,
    check_figures,
    check_kafka,
    check_readiness,
    check_worker,
)

MARKS = {"ok": ("ok", "green"), "problem": ("problem", "red"), "skipped": ("-", "dim")}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_data_dir(parser)
    parser.add_argument(
        "--worker",
        action="append",
        default=[],
        metavar="URL",
        help="address of a worker somewhere else",
    )
    parser.add_argument(
        "--api-metrics",
        action="append",
        default=[],
        metavar="URL",
        help="and at these metrics",
    )
    parser.add_argument("--json", action="store_true", help="print JSON on standard output")


def run(args: argparse.Namespace) -> int:
    """Print a line per check; exit code 1 when there is a problem."""
    elsewhere = Elsewhere(args.worker, args.api_metrics)
    findings = examine(args.data_dir, Settings.from_env(os.environ), elsewhere)
    if args.json:
        print_json(findings)
    else:
        OUTPUT.print(_table(findings))
    return 1 if any(finding.verdict == "problem" for finding in findings) else 0


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Processes that no data directory knows of: in containers, on other machines."""

    workers: Sequence[str] = ()
    api_metrics: Sequence[str] = ()

    def __bool__(self) -> bool:
        return bool(self.workers or self.api_metrics)


NOWHERE_ELSE = Elsewhere()


def examine(
    data_dir: Path, settings: Settings, elsewhere: Elsewhere = NOWHERE_ELSE
) -> list[Finding]:
    """Return every finding, first about the machine, then about what runs."""
    stack = find(data_dir)
    return [
        *_machine(data_dir, settings, stack),
        *_services(settings, stack),
        *([] if elsewhere and stack is None else _applications(data_dir, settings, stack)),
        *_figures(stack, elsewhere),
    ]


def _machine(data_dir: Path, settings: Settings, stack: Stack | None) -> list[Finding]:
    disk = check_disk(DataDir(data_dir.expanduser().resolve()).root)
    return [disk, *_kafka_needs(settings), *_ports(settings, stack)]


def _kafka_needs(settings: Settings) -> list[Finding]:
    if settings.kafka:
        reason = "ROUNDTABLE_KAFKA names another cluster"
        return [skipped("java", reason), skipped("kafka jars", reason)]
    jars = check_jars(pinned_jars(), jar_directory(settings), maven_sources(settings))
    return [check_java(os.environ, settings.java), jars]


def _ports(settings: Settings, stack: Stack | None) -> list[Finding]:
    used = _used_ports(stack) if stack else set()
    wanted = (
        ("Kafka", settings.kafka_port, settings.kafka is None),
        ("PostgreSQL", settings.database_port, settings.database is None),
        ("the API", settings.http_port, True),
    )
    return [check_port(name, port, ours=port in used) for name, port, needed in wanted if needed]


def _used_ports(stack: Stack) -> set[int]:
    database = conninfo_to_dict(stack.database).get("port", "")
    addresses = (stack.kafka, str(database), stack.http or "")
    ports = (address.rpartition(":")[2] for address in addresses)
    return {int(port) for port in ports if port.isdecimal()}


def _services(settings: Settings, stack: Stack | None) -> list[Finding]:
    database = settings.database or (stack.database if stack else None)
    kafka = settings.kafka or (stack.kafka if stack else None)
    no_database = [skipped("postgresql", "does not run"), skipped("migrations", "no database")]
    no_kafka = [skipped("kafka", "does not run"), skipped("topics", "no broker")]
    return [
        *(check_database(database) if database else no_database),
        *(check_kafka(kafka, kafka_access_of(settings, stack)) if kafka else no_kafka),
    ]


def _applications(data_dir: Path, settings: Settings, stack: Stack | None) -> list[Finding]:
    if stack is None:
        return [problem("stack", f"nothing runs in {data_dir}", "Start it with `roundtable up`.")]
    return [check_api(stack), check_worker(stack, stack.kafka_access(settings))]


def _figures(stack: Stack | None, elsewhere: Elsewhere) -> list[Finding]:
    of_stack = stack.worker_http if stack and stack.is_alive("worker") else None
    workers = [*([of_stack] if of_stack else []), *elsewhere.workers]
    apis = [*(stack.api_metrics if stack and stack.is_alive("api") else ()), *elsewhere.api_metrics]
    return [
        *(found for url in workers for found in _of_worker(url.rstrip("/"))),
        *(found for name, url in _named("api", apis) for found in check_figures(name, url)),
    ]


def _named(process: str, urls: Sequence[str]) -> list[tuple[str, str]]:
    if len(urls) == 1:
        return [(process, urls[0])]
    return [(f"{process} {number}", url) for number, url in enumerate(urls, 1)]


def _of_worker(url: str) -> list[Finding]:
    return [check_readiness(url), *check_figures("worker", f"{url}/metrics")]


def _table(findings: list[Finding]) -> Table:
    table = Table("", "check", "what was found", box=None)
    for finding in findings:
        word, style = MARKS[finding.verdict]
        detail = Text(finding.detail)
        if finding.advice:
            detail.append(f"\n→ {finding.advice}", style="bold")
        table.add_row(Text(word, style=style), finding.check, detail)
    return table
