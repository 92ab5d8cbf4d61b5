"""The doctor reads metrics as worker and API tell them, and says in sentences what is wrong."""

import asyncio
import re
from collections.abc import Callable

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from api.api_metrics import ApiMetrics
from cli import doctor
from cli.doctor import Elsewhere
from cli.figures_checks import api_figures, worker_figures
from cli.finding import Finding
from cli.ports import choose_port
from cli.stack_checks import check_figures, check_readiness
from cli.told_metrics import MetricsUnreadableError, metrics_in
from observability.exposition import exposition, new_registry
from observability.plain_http import Answer, plain_server
from stream_processors.health import Readiness
from stream_processors.health_server import health_server
from stream_processors.worker_metrics import WorkerMetrics

POOL = {"pool_max": 4, "pool_size": 3, "pool_available": 1}


def worker(change: Callable[[WorkerMetrics], object], pool: dict[str, int] = POOL) -> list[Finding]:
    registry = CollectorRegistry()
    metrics = WorkerMetrics(registry, lambda: pool or None)
    metrics.lag.labels("events", 0).set(7)
    change(metrics)
    return worker_figures(metrics_in(generate_latest(registry).decode()))


def api(
    change: Callable[[ApiMetrics], object], *, held: int = 10, stalled: bool = False
) -> list[Finding]:
    registry = CollectorRegistry()
    metrics = ApiMetrics(registry)
    metrics.look_at(held=lambda: held, limit=100, is_stalled=lambda: stalled, pool=lambda: POOL)
    change(metrics)
    return api_figures(metrics_in(generate_latest(registry).decode()))


def problems(findings: list[Finding]) -> dict[str, str]:
    """What is wrong, with what to do about it."""
    return {
        found.check: f"{found.detail}. {found.advice}"
        for found in findings
        if found.verdict == "problem"
    }


def refuse_some(metrics: WorkerMetrics) -> None:
    metrics.events.labels("events", "accepted").inc(980)
    metrics.events.labels("events", "refused").inc(20)
    metrics.refused.labels("events", "time", "missing").inc(5)
    metrics.refused.labels("events", "account", "missing").inc(15)


def build_slowly(metrics: WorkerMetrics) -> None:
    metrics.builds_waiting.set(2)
    metrics.oldest_build.set(3_600)


def test_a_worker_that_is_well_has_no_problem() -> None:
    findings = worker(lambda metrics: metrics.events.labels("events", "accepted").inc(1_000))

    assert problems(findings) == {}
    assert {found.check: found.detail for found in findings} == {
        "lag": "7 records wait to be counted",
        "events": "since its start 1,000 counted, 0 sent again, 0 refused",
        "batches": "0 batches lost to another worker, 0 transactions run again",
        "builds": "0 definitions are being built",
        "worker pool": "2 of 4 connections to PostgreSQL in use",
    }


@pytest.mark.parametrize(
    ("change", "check", "words"),
    [
        (lambda m: m.lag.labels("events", 1).set(200_000), "lag", "200,007 records wait"),
        (lambda m: m.lag.clear(), "lag", "does not know how many"),
        (refuse_some, "events", "20 refused. .*most often `account` breaks `missing`"),
        (lambda m: m.fenced.labels("events").inc(30), "batches", "30 batches lost"),
        (build_slowly, "builds", "2 definitions wait, the oldest for 60 minutes"),
    ],
)
def test_what_is_wrong_with_a_worker_is_said(
    change: Callable[[WorkerMetrics], object], check: str, words: str
) -> None:
    found = problems(worker(change))

    assert list(found) == [check]
    assert re.search(words, found[check])


def test_a_pool_that_is_used_up_or_missing_is_a_problem() -> None:
    used_up = worker(lambda _: None, {**POOL, "requests_waiting": 3})
    missing = worker(lambda _: None, {})

    assert "3 wait for one" in problems(used_up)["worker pool"]
    assert "no connection" in problems(missing)["worker pool"]


def test_what_is_wrong_with_the_api_is_said() -> None:
    failed = api(lambda metrics: metrics.responses.labels("/v1/people", "500").inc())

    assert problems(api(lambda _: None)) == {}
    assert "1 requests failed (500)" in problems(failed)["api answers"]
    assert "Kafka takes" in problems(api(lambda _: None, stalled=True))["api gateway"]
    assert "0.0 of 0.0 MB" in problems(api(lambda _: None, held=81))["api gateway"]


def test_processes_elsewhere_are_asked_by_their_addresses() -> None:
    registry = new_registry()
    WorkerMetrics(registry, lambda: POOL).lag.labels("events", 0).set(1)

    async def ready() -> Readiness:
        return Readiness({"lag": "70 records wait, 10 may"}, 70)

    async def told() -> Answer:
        return exposition(registry)

    async def ask() -> list[Finding]:
        async with health_server("127.0.0.1", 0, ready, told) as port:
            elsewhere = Elsewhere(workers=[f"http://127.0.0.1:{port}/"])
            return await asyncio.to_thread(doctor._figures, None, elsewhere)

    findings = asyncio.run(ask())

    assert findings[0].check == "worker readiness"
    assert findings[0].detail == "70 records wait, 10 may"
    assert [found.check for found in findings[1:3]] == ["lag", "events"]


def test_who_does_not_answer_or_says_something_else_is_a_problem() -> None:
    async def nonsense() -> Answer:
        return Answer(exposition(new_registry()).status, b"<html>")

    async def ask() -> list[Finding]:
        async with plain_server("127.0.0.1", 0, {"/metrics": nonsense}) as port:
            return await asyncio.to_thread(check_figures, "api", f"http://127.0.0.1:{port}/metrics")

    nowhere = f"http://127.0.0.1:{choose_port(0)}"

    assert check_readiness(nowhere).verdict == "problem"
    assert [found.verdict for found in check_figures("api", f"{nowhere}/metrics")] == ["problem"]
    assert asyncio.run(ask())[0].detail.startswith("it says what no metrics")
    with pytest.raises(MetricsUnreadableError):
        metrics_in("{")
