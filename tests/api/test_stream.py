"""Watching an experiment: a reading at once, each newer one within a second, no leftovers."""

import json
import socket
import statistics
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import psycopg
import pytest
from fastapi import FastAPI

from api import live_channel, stream
from api.app import build_app
from api.database import Database
from api.snapshots import Snapshot, take_snapshot
from tests.api.company import Company, exposure, history
from tests.api.resources import experiment, metric
from tests.api.serving import TOKEN, address_of, serving, settings, wait_for

pytestmark = pytest.mark.stack
STREAM = "/v1/experiments/spring-mail/stream"


@dataclass
class Watched:
    """An API whose inside a test may look at, and a company that it serves."""

    app: FastAPI
    company: Company

    def is_watching(self) -> bool:
        """Tell whether anything is read for somebody who watches."""
        return bool(self.app.state.services.readings.watched)


@pytest.fixture
def watched(database: str) -> Iterator[Watched]:
    """An API with an experiment that runs."""
    app = build_app(settings(database=database))
    with serving(app) as client:
        wait_for(lambda: client.get("/v1/metrics").status_code == 200)
        yield Watched(app, Company(client, database))


@dataclass(frozen=True)
class ServerSentEvent:
    """One event, or a comment where `event` is empty."""

    event: str
    id: str
    data: Any
    at: float


@contextmanager
def watching(client: httpx.Client, **headers: str) -> Iterator[Iterator[ServerSentEvent]]:
    """Open a stream and yield its events."""
    with client.stream("GET", STREAM, headers=headers) as answer:
        assert answer.status_code == 200, answer.read()
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield _events(answer)


def _events(answer: httpx.Response) -> Iterator[ServerSentEvent]:
    fields: dict[str, str] = {}
    for line in answer.iter_lines():
        name, _, value = line.partition(": ")
        if line:
            fields[name] = value
        elif "retry" not in fields:
            data = json.loads(fields.get("data", "null"))
            at = time.monotonic()
            yield ServerSentEvent(fields.get("event", ""), fields.get("id", ""), data, at)
        if not line:
            fields = {}


def test_a_reading_comes_at_once_and_a_newer_one_within_a_second(watched: Watched) -> None:
    watched.company.start()
    delays: list[float] = []
    with watching(watched.company.client) as events:
        first = next(events)

        for number in range(1, 6):
            watched.company.deliver([exposure(number, "plain")])
            committed_at = time.monotonic()
            newer = next(events)
            delays.append(newer.at - committed_at)
            assert newer.data["intake"]["exposed_units"] == number

    assert (first.event, first.data["intake"]["exposed_units"]) == ("reading", 0)
    assert statistics.median(delays) < 1


def test_a_stream_holds_what_the_results_hold(watched: Watched) -> None:
    watched.company.start()
    watched.company.deliver(history(40, {"plain": 10, "question": 30}))

    with watching(watched.company.client) as events:
        streamed = next(events).data

    read = watched.company.results().json()
    for body in (streamed, read):
        del body["read_at"], body["metrics"][0]["expected_at"]
    assert streamed == read


def test_who_comes_back_with_the_newest_reading_is_not_sent_it_again(watched: Watched) -> None:
    watched.company.start()
    with watching(watched.company.client) as events:
        newest = next(events).id

    with watching(watched.company.client, **{"Last-Event-ID": newest}) as events:
        nothing_new = next(events)
        watched.company.deliver([exposure(1, "plain")])
        newer = next(events)

    assert (nothing_new.event, nothing_new.data) == ("", None)
    assert newer.event == "reading"


def test_a_quiet_stream_shows_that_it_lives(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "HEARTBEAT_SECONDS", 0.1)
    watched.company.start()

    with watching(watched.company.client) as events:
        kinds = [next(events).event for _ in range(3)]

    assert kinds == ["reading", "", ""]


def test_all_who_watch_share_one_computation_and_the_last_ends_it(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[str] = []
    monkeypatch.setattr("api.live_readings.take_snapshot", _counted(taken))
    watched.company.start()

    with watching(watched.company.client) as first:
        next(first)
        for _ in range(5):
            with watching(watched.company.client) as other:
                assert next(other).event == "reading"
        assert watched.is_watching()
    wait_for(lambda: not watched.is_watching())

    assert taken == ["spring-mail"]


def test_changes_that_come_fast_become_few_readings(watched: Watched) -> None:
    watched.company.start()
    with watching(watched.company.client) as events:
        next(events)

        began = time.monotonic()
        for number in range(20):
            watched.company.deliver([exposure(number, "plain")])
        readings = []
        while not readings or readings[-1].data["intake"]["exposed_units"] < 20:
            readings.append(next(events))

    took = readings[-1].at - began
    assert len(readings) <= 2 + took / live_channel.SHORTEST_PAUSE


def test_whoever_stops_reading_holds_up_nobody_and_gets_the_newest(watched: Watched) -> None:
    watched.company.start()
    request = f"GET {STREAM} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n\r\n"
    with socket.create_connection(address_of(watched.company.client)) as stuck:
        stuck.sendall(request.encode())
        with watching(watched.company.client) as events:
            next(events)
            watched.company.deliver([exposure(1, "plain")])
            assert next(events).data["intake"]["exposed_units"] == 1
    wait_for(lambda: not watched.is_watching())


def test_a_lost_connection_to_the_database_is_made_again_and_nothing_is_missed(
    watched: Watched,
) -> None:
    watched.company.start()
    with watching(watched.company.client) as events:
        next(events)

        _end_connections_to(watched.company.database)
        watched.company.deliver([exposure(1, "plain")])
        newer = next(event for event in events if event.event == "reading")

    assert newer.data["intake"]["exposed_units"] == 1


def test_the_end_of_the_api_ends_its_streams(database: str) -> None:
    app = build_app(settings(database=database))
    with serving(app) as client:
        wait_for(lambda: client.get("/v1/metrics").status_code == 200)
        Company(client, database).start()
        ended = threading.Event()
        began = threading.Event()

        def watch() -> None:
            address = address_of(client)
            headers = {"Authorization": f"Bearer {TOKEN}"}
            url = f"http://{address[0]}:{address[1]}{STREAM}"
            with httpx.stream("GET", url, headers=headers, trust_env=False) as answer:
                for _ in answer.iter_lines():
                    began.set()
            ended.set()

        threading.Thread(target=watch, daemon=True).start()
        assert began.wait(10)
        stopped_at = time.monotonic()

    assert ended.wait(5)
    assert time.monotonic() - stopped_at < 5


def test_one_stream_too_many_is_told_to_come_back_and_others_go_on(database: str) -> None:
    app = build_app(settings(database=database, max_streams=1))
    with serving(app) as client:
        wait_for(lambda: client.get("/v1/metrics").status_code == 200)
        company = Company(client, database)
        company.start()
        with watching(client) as events:
            next(events)

            refused = client.get(STREAM)

            company.deliver([exposure(1, "plain")])
            assert next(events).data["intake"]["exposed_units"] == 1
        wait_for(lambda: not app.state.services.readings.watched)
        with watching(client) as events:
            assert next(events).event == "reading"

    assert refused.status_code == 503
    assert refused.headers["content-type"] == "application/problem+json"
    assert int(refused.headers["retry-after"]) > 0


def test_what_cannot_be_read_is_a_problem_and_no_stream(watched: Watched) -> None:
    client = watched.company.client
    client.post("/v1/metrics", json=metric())
    client.post("/v1/experiments", json=experiment())

    draft = client.get(STREAM)
    unknown = client.get("/v1/experiments/nothing/stream")

    assert [answer.status_code for answer in (draft, unknown)] == [409, 404]
    assert draft.headers["content-type"] == "application/problem+json"
    assert not watched.is_watching()


def _counted(taken: list[str]) -> Callable[[Database, str], Awaitable[Snapshot]]:
    async def counted(database: Database, key: str) -> Snapshot:
        taken.append(key)
        return await take_snapshot(database, key)

    return counted


def _end_connections_to(database: str) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        ended = connection.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        ).fetchone()
    assert ended is not None
    assert ended[0] >= 1
