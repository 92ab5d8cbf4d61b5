"""What `roundtable doctor` asks of Kafka, PostgreSQL, the API and the worker."""

from collections.abc import Mapping

import httpx
import msgspec
import psycopg

from cli.figures_checks import api_figures, worker_figures
from cli.finding import Finding, fine, problem, skipped
from cli.stack import Stack
from cli.told_metrics import ANSWER_SECONDS, MetricsUnreadableError, read_metrics
from cli.topics import KafkaUnreachableError, topic_states
from cli.worker_group import partitions_in_work
from storage import migrate
from storage.kafka_access import PLAINTEXT, KafkaAccess
from stream_processors.worker_settings import GROUP

OLDEST_POSTGRES = 15


class _Readiness(msgspec.Struct):
    """What a worker answers at `/readyz`."""

    status: str
    lag: int | None = None
    trouble: Mapping[str, str] = {}


def check_database(conninfo: str) -> list[Finding]:
    """Does PostgreSQL answer, is it new enough, and does it have the newest schema?"""
    try:
        with psycopg.connect(conninfo, connect_timeout=5) as connection:
            version = connection.info.server_version // 10_000
    except psycopg.OperationalError as error:
        detail = f"no connection: {str(error).strip()}"
        advice = "Start it with `roundtable up`, or correct ROUNDTABLE_DATABASE."
        return [problem("postgresql", detail, advice), skipped("migrations", "no database")]
    return [_version(version), check_migrations(conninfo)]


def check_migrations(conninfo: str) -> Finding:
    """Does the database have the newest schema?"""
    pending = migrate.pending(conninfo)
    if pending:
        return problem("migrations", f"missing: {', '.join(pending)}", "Run `roundtable migrate`.")
    return fine("migrations", "the database has the newest schema")


def check_kafka(bootstrap: str, access: KafkaAccess = PLAINTEXT) -> list[Finding]:
    """Does Kafka answer and does it hold the topics of the catalogue?"""
    try:
        states = topic_states(bootstrap, access)
    except KafkaUnreachableError as error:
        advice = "Start it with `roundtable up`, or correct ROUNDTABLE_KAFKA and its settings."
        return [problem("kafka", str(error), advice), skipped("topics", "no broker")]
    wrong = [f"{state.topic.name} {state.problem}" for state in states if state.problem]
    return [fine("kafka", f"answers at {bootstrap}"), _topics(wrong, len(states))]


def check_api(stack: Stack) -> Finding:
    """Does the API say that it can do its work?"""
    if stack.http is None:
        return skipped("api", "started without it (--no-api)")
    url = f"{stack.http}/readyz"
    advice = "See log/api.log in the data directory; restart with `roundtable up`."
    try:
        status = httpx.get(url, timeout=5, trust_env=False).status_code
    except httpx.HTTPError as error:
        return problem("api", f"{url} does not answer: {error or type(error).__name__}", advice)
    if status != httpx.codes.OK:
        return problem("api", f"{url} answers {status}", advice)
    return fine("api", f"ready at {stack.http}")


def check_worker(stack: Stack, access: KafkaAccess = PLAINTEXT) -> Finding:
    """Does the worker run?"""
    if "worker" not in stack.processes:
        return skipped("worker", "started without it (--no-worker)")
    advice = "See log/worker.log in the data directory; restart with `roundtable up`."
    if not stack.is_alive("worker"):
        return problem("worker", "it does not run: events are stored but not counted", advice)
    return _worker_at_work(stack, access, advice)


def check_readiness(worker: str) -> Finding:
    """Does the worker say that it does its work?"""
    url = f"{worker}/readyz"
    advice = "See docs/operations.md, Is it alive, and does it do its work?"
    try:
        answer = httpx.get(url, timeout=ANSWER_SECONDS, trust_env=False)
        told = msgspec.json.decode(answer.content, type=_Readiness)
    except (httpx.HTTPError, msgspec.DecodeError) as error:
        detail = f"{url} does not answer: {str(error) or type(error).__name__}"
        return problem("worker readiness", detail, advice)
    if answer.status_code != httpx.codes.OK:
        return problem("worker readiness", "; ".join(told.trouble.values()) or told.status, advice)
    return fine("worker readiness", f"ready; {told.lag or 0:,} records wait")


def check_figures(process: str, url: str) -> list[Finding]:
    """What do the metrics of the worker or of a process of the API say?"""
    try:
        told = read_metrics(url)
    except MetricsUnreadableError as error:
        advice = "Is the process alive, and its port reached from here? See its log."
        return [problem(f"{process} metrics", str(error), advice)]
    return worker_figures(told) if process == "worker" else api_figures(told, process)


def _worker_at_work(stack: Stack, access: KafkaAccess, advice: str) -> Finding:
    pid = stack.processes["worker"].pid
    try:
        partitions = partitions_in_work(stack.kafka, GROUP, access)
    except KafkaUnreachableError as error:
        return problem("worker", f"process {pid} runs, but: {error}", advice)
    if partitions == 0:
        return problem("worker", f"process {pid} runs, but its group reads no partition", advice)
    return fine("worker", f"process {pid} runs, {partitions} partitions are read")


def _version(major: int) -> Finding:
    if major < OLDEST_POSTGRES:
        advice = f"Use PostgreSQL {OLDEST_POSTGRES} or newer."
        return problem("postgresql", f"it is version {major}", advice)
    return fine("postgresql", f"version {major} answers")


def _topics(wrong: list[str], count: int) -> Finding:
    if not wrong:
        return fine("topics", f"all {count} are as the catalogue wants them")
    return problem(
        "topics",
        "; ".join(wrong),
        "Run `roundtable topics` for missing ones. The number of partitions of a topic with data "
        "must not be changed: events of one account would change places.",
    )
