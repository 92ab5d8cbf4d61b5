"""A worker tells the truth of itself: what keeps it from its work, and how many records wait."""

import asyncio
from collections.abc import Callable

import httpx
import pytest
from prometheus_client import CollectorRegistry

from observability.plain_http import MOST_REQUEST_BYTES
from storage.offsets import advance_offset, open_partition
from storage.pool import open_pool
from stream_processors.app import Subscription, build_app
from stream_processors.batches import Batch
from stream_processors.health import Readiness, WorkerHealth
from stream_processors.health_server import health_server
from stream_processors.offsets import OffsetTable
from stream_processors.worker import run
from stream_processors.worker_metrics import WorkerMetrics
from stream_processors.worker_settings import SettingError, WorkerSettings
from stream_processors.worker_state import WorkerState
from tests.services import KafkaBroker
from tests.stream_processors.reading_in_process import send, settings_for

READY = Readiness({}, 7)
BEHIND = Readiness({"lag": "70 records wait, 10 may"}, 70)


def asked(readiness: Readiness, method: str, path: str) -> httpx.Response:
    async def answer() -> Readiness:
        return readiness

    async def body() -> httpx.Response:
        async with (
            health_server("127.0.0.1", 0, answer) as port,
            httpx.AsyncClient(trust_env=False) as client,
        ):
            return await client.request(method, f"http://127.0.0.1:{port}{path}")

    return asyncio.run(body())


def test_a_ready_worker_says_so_and_how_many_records_wait() -> None:
    answer = asked(READY, "GET", "/readyz")

    assert (answer.status_code, answer.json()) == (200, {"status": "ready", "lag": 7})


def test_a_worker_that_is_not_ready_says_why_and_still_lives() -> None:
    answer = asked(BEHIND, "GET", "/readyz?verbose")

    assert answer.status_code == 503
    assert answer.json() == {
        "status": "not ready",
        "trouble": {"lag": "70 records wait, 10 may"},
        "lag": 70,
    }
    assert asked(BEHIND, "GET", "/healthz").json() == {"status": "alive"}


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/", 404), ("POST", "/readyz", 405)]
)
def test_nothing_else_is_answered(method: str, path: str, status: int) -> None:
    assert asked(READY, method, path).status_code == status


def test_a_request_that_is_too_long_gets_nothing_and_harms_nobody() -> None:
    async def answer() -> Readiness:
        return READY

    async def body() -> bytes:
        async with health_server("127.0.0.1", 0, answer) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"GET /readyz HTTP/1.1\r\nX: " + b"x" * 2 * MOST_REQUEST_BYTES)
            try:
                await writer.drain()
                return await reader.read()
            except ConnectionResetError:
                return b""
            finally:
                writer.close()

    assert asyncio.run(body()) == b""


@pytest.mark.stack
def test_a_worker_is_ready_while_it_keeps_up(kafka_broker: KafkaBroker, database: str) -> None:
    topic = kafka_broker.create_topic("events")
    asyncio.run(_keeps_up(kafka_broker.address, topic, database))


async def _keeps_up(bootstrap: str, topic: str, database: str) -> None:
    async with open_pool(database, name="health") as pool:
        offsets = OffsetTable(pool, bootstrap, (topic,))
        may_go_on, stop = asyncio.Event(), asyncio.Event()

        async def handle(batch: Batch) -> None:
            await may_go_on.wait()
            place = (offsets.topic_id(topic), topic, batch.partition)
            async with pool.connection() as connection:
                await open_partition(connection, *place, batch.first_offset)
                await advance_offset(
                    connection, *place, expected=batch.first_offset, next_offset=batch.next_offset
                )

        app = build_app(
            settings_for(bootstrap), [Subscription(topic, handle)], offsets.start_offsets
        )
        health = WorkerHealth(pool, database, app, offsets, lag_limit=2)
        registry = CollectorRegistry()
        metrics = WorkerMetrics(registry, pool.get_stats)
        state = WorkerState(metrics, registry, health, pool, (topic,))
        assert await _told(state, topic) == (None, None, 1.0)
        assert (await health.readiness()).trouble == {
            "partitions": "the worker has not joined its group yet"
        }
        running = asyncio.create_task(run(app, stop))
        assert (await _seen(health, lambda found: found.is_ready)).lag == 0

        await send(bootstrap, topic, {0: [b"1", b"2", b"3"]})
        behind = await _seen(health, lambda found: found.lag == 3)
        assert await _told(state, topic) == (1.0, 3.0, 0.0)
        may_go_on.set()
        caught_up = await _seen(health, lambda found: found.lag == 0)

        assert behind.trouble == {"lag": "3 records wait, 2 may"}
        assert caught_up.is_ready
        stop.set()
        await running


async def _told(state: WorkerState, topic: str) -> tuple[float | None, ...]:
    """Say what the metrics do: partitions, lag of the first, and whether that is unknown."""
    await state.exposition()
    return (
        state.registry.get_sample_value("roundtable_assigned_partitions", {"topic": topic}),
        state.registry.get_sample_value(
            "roundtable_partition_lag_records", {"topic": topic, "partition": "0"}
        ),
        state.registry.get_sample_value("roundtable_unknown_state", {"part": "lag"}),
    )


async def _seen(health: WorkerHealth, is_so: Callable[[Readiness], bool]) -> Readiness:
    async with asyncio.timeout(30):
        while not is_so(found := await health.readiness()):  # noqa: ASYNC110 - servers change it
            await asyncio.sleep(0.05)
    return found


def test_a_port_that_is_none_is_named_at_the_start() -> None:
    environ = {
        "ROUNDTABLE_KAFKA": "127.0.0.1:1",
        "ROUNDTABLE_DATABASE": "host=127.0.0.1 port=1",
        "ROUNDTABLE_HASH_KEY": "secret",
    }

    told = WorkerSettings.from_env({**environ, "ROUNDTABLE_WORKER_HTTP_PORT": "8001"})
    silent = WorkerSettings.from_env(environ)
    with pytest.raises(SettingError, match="ROUNDTABLE_WORKER_HTTP_PORT is '0'; it must be"):
        WorkerSettings.from_env({**environ, "ROUNDTABLE_WORKER_HTTP_PORT": "0"})

    assert (told.health_port, told.lag_limit) == (8001, 100_000)
    assert silent.health_port is None
