"""From events to insights: watched by one process, told once, published in order, handed over."""

import asyncio
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from psycopg import AsyncConnection

from api import insight_publisher, insight_watch
from api.app import build_app
from api.database import Database
from api.in_flight import InFlight
from api.insight_watch import record_changes, record_silence
from api.log_writer import LogWriter
from api.snapshots import Snapshot
from schemas.insight_sentences import (
    Pair,
    alarm_of_source,
    experiment_started,
    status_changed,
)
from schemas.insights import Alarm, StatusChanged, decode_insight
from storage import leadership
from tests.api.company import Company, history, waiting
from tests.api.serving import NOWHERE, read_log, serving, settings, wait_for
from tests.api.test_insight_changes import seen
from tests.api.webhook_owing import Owing
from tests.services import KafkaBroker

pytestmark = pytest.mark.stack
ROOT = Path(__file__).resolve().parents[2]
AT = datetime(2026, 5, 4, 9, 30, tzinfo=UTC)
OFTEN = {"pause": 0.2, "sweep": 0.5}


@dataclass
class Watched:
    """A company that an API watches."""

    company: Company

    def told(self) -> list[object]:
        """What was recorded so far, in its order."""
        with psycopg.connect(self.company.database) as connection:
            rows = connection.execute("SELECT body FROM insights ORDER BY number").fetchall()
        return [decode_insight(row[0].encode()).data for row in rows]

    def statuses(self) -> list[tuple[str, str]]:
        """Every change of a status that was told."""
        return [(t.previous, t.status) for t in self.told() if isinstance(t, StatusChanged)]


@pytest.fixture
def watched(database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Watched]:
    """An API that looks often."""
    monkeypatch.setattr(insight_watch, "IDLE_SECONDS", 0.05)
    monkeypatch.setattr(insight_watch.InsightWatch.__init__, "__kwdefaults__", OFTEN)
    app = build_app(settings(database=database))
    with serving(app) as client:
        wait_for(lambda: client.get("/v1/metrics").status_code == 200)
        yield Watched(Company(client, database))


def test_an_experiment_that_gets_better_is_told_once_though_it_is_read_again_and_again(
    watched: Watched,
) -> None:
    watched.company.start()
    watched.company.deliver([*history(100, {"plain": 12, "question": 80}), *waiting()])

    wait_for(lambda: watched.statuses() != [], seconds=30)
    time.sleep(2)

    assert watched.statuses() == [("collecting", "better")]
    assert "estimate" not in repr(watched.told())


def test_a_split_that_is_not_as_registered_raises_an_alarm(watched: Watched) -> None:
    watched.company.start()
    everything = history(300, {"plain": 10, "question": 10})
    watched.company.deliver([event for event in everything if not _is_lost(event.id)])

    wait_for(lambda: any(isinstance(t, Alarm) for t in watched.told()), seconds=30)

    (alarm,) = [t for t in watched.told() if isinstance(t, Alarm)]
    assert (alarm.alarm, alarm.state) == ("sample_ratio_mismatch", "raised")
    assert watched.statuses() == [("collecting", "invalid")]


def _is_lost(event_id: str) -> bool:
    """Most exposures of one variant are."""
    return event_id.endswith("-question") and "7" not in event_id


def test_two_processes_that_see_the_same_change_tell_it_once(database: str) -> None:
    async def both() -> None:
        async def tell() -> None:
            async with await AsyncConnection.connect(database) as connection:
                await record_changes(connection, seen("better"), at=AT)

        await asyncio.gather(*(tell() for _ in range(4)))

    asyncio.run(both())

    told = Owing(database).insights("insight.status_changed")
    assert [one["status"] for one in told] == ["better"]
    assert len(Owing(database).insights("insight.experiment_started")) == 1


def test_a_change_back_is_told_too(database: str) -> None:
    async def tell() -> None:
        async with await AsyncConnection.connect(database) as connection:
            for status in ("better", "better", "undecided", "better"):
                await record_changes(connection, seen(status), at=AT)

    asyncio.run(tell())

    told = Owing(database).insights("insight.status_changed")
    assert [one["status"] for one in told] == ["better", "undecided", "better"]


def test_a_source_that_falls_silent_is_told_of_until_it_is_heard_of_again(database: str) -> None:
    begin = datetime(2026, 3, 1, tzinfo=UTC)

    async def live() -> None:
        async with await AsyncConnection.connect(database, autocommit=True) as connection:
            await connection.execute("SELECT open_event_leaf('x', 0)")
            for hour in [*range(0, 24 * 9, 12), 24 * 11, 24 * 11 + 1, 24 * 13]:
                at = begin + timedelta(hours=hour)
                if hour < 24 * 9 or hour == 24 * 13:
                    await connection.execute(
                        "INSERT INTO events (source, id, type, time_us, home, data, received_us) "
                        "VALUES ('web', %s, 'x', 0, 'h', '{}', %s)",
                        (str(hour), int(at.timestamp() * 1e6)),
                    )
                async with connection.transaction():
                    await record_silence(connection, at=at + timedelta(minutes=1))

    asyncio.run(live())

    told = Owing(database).insights("insight.alarm")
    pause = Owing(database).rows("SELECT longest_pause_us FROM event_sources")
    assert [(one["source"], one["state"]) for one in told] == [("web", "raised"), ("web", "ended")]
    # The pause that was an alarm is not what is usual from now on.
    assert pause == [(12 * 3_600_000_000,)]


def test_insights_are_published_in_their_order_and_once_where_nothing_breaks(
    database: str, kafka_broker: KafkaBroker
) -> None:
    topic = kafka_broker.create_topic("insights", partitions=3)
    known_to_all(database, 5)
    ids = Owing(database).happen(
        *(experiment_started(f"experiment-{n % 5}", "x") for n in range(30))
    )

    published = asyncio.run(publish(database, kafka_broker.address, topic, rounds=3))

    logged = read_log(kafka_broker.address, topic)
    by_key = {key: [r.value for r in logged if r.key == key] for key in {r.key for r in logged}}
    order = {insight: place for place, insight in enumerate(ids)}
    assert published == [30, 0, 0]
    assert set(by_key) == {f"experiment/experiment-{n}".encode() for n in range(5)}
    assert sorted(decode_insight(r.value).id for r in logged) == sorted(ids)
    for values in by_key.values():
        places = [order[decode_insight(value).id] for value in values]
        assert places == sorted(places)


def test_what_the_log_did_not_take_is_published_later(
    database: str, kafka_broker: KafkaBroker
) -> None:
    topic = kafka_broker.create_topic("insights")
    known_to_all(database, 3)
    ids = Owing(database).start(3)

    nothing = asyncio.run(publish(database, NOWHERE, topic, rounds=1, connected=False))
    later = asyncio.run(publish(database, kafka_broker.address, topic, rounds=1))

    logged = read_log(kafka_broker.address, topic)
    assert (nothing, later) == ([0], [3])
    assert [decode_insight(r.value).id for r in logged] == ids


def test_a_publisher_killed_before_it_marks_publishes_again_under_the_same_ids(
    database: str, kafka_broker: KafkaBroker
) -> None:
    topic = kafka_broker.create_topic("insights")
    known_to_all(database, 3)
    ids = Owing(database).start(3)
    killed = (
        "import asyncio, os, signal\n"
        "from api import insight_publisher\n"
        "from tests.api.test_insight_watch import publish\n"
        "insight_publisher.note_insights_published = "
        "lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)\n"
        f"asyncio.run(publish({database!r}, {kafka_broker.address!r}, {topic!r}, rounds=1))\n"
    )

    ended = subprocess.run([sys.executable, "-c", killed], cwd=ROOT, timeout=200, check=False)
    asyncio.run(publish(database, kafka_broker.address, topic, rounds=1))

    logged = read_log(kafka_broker.address, topic)
    assert ended.returncode == -signal.SIGKILL
    assert [decode_insight(r.value).id for r in logged] == ids + ids


def test_another_process_goes_on_where_the_one_that_led_has_ended(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leadership, "RETRY_SECONDS", 0.1)
    monkeypatch.setattr(insight_watch, "IDLE_SECONDS", 0.05)
    monkeypatch.setattr(insight_watch.InsightWatch.__init__, "__kwdefaults__", OFTEN)
    second = build_app(settings(database=database))
    with serving(second) as client:
        with serving(build_app(settings(database=database))) as first:
            wait_for(lambda: first.get("/v1/metrics").status_code == 200)
            wait_for(lambda: client.get("/v1/metrics").status_code == 200)
            watched = Watched(Company(client, database))
            watched.company.start()

        watched.company.deliver([*history(100, {"plain": 12, "question": 80}), *waiting()])
        wait_for(lambda: watched.statuses() == [("collecting", "better")], seconds=30)


def known_to_all(database: str, count: int) -> None:
    """Register experiments that the whole organisation may see."""
    for number in range(count):
        Owing(database).experiment(f"experiment-{number}", policy="open")


def test_the_topic_holds_what_the_whole_organisation_may_see(
    database: str, kafka_broker: KafkaBroker
) -> None:
    topic = kafka_broker.create_topic("insights")
    owing = Owing(database)
    for policy in ("open", "shared", "workshop"):
        owing.experiment(policy, policy=policy)
    pair = [Pair(key, "guide-downloads", "plain", "question") for key in ("shared", "open")]
    alarm, _, _, opened, _, status = owing.happen(
        alarm_of_source("web", is_raised=True),
        experiment_started("workshop", "Workshop"),
        experiment_started("shared", "Shared"),
        experiment_started("open", "Open"),
        *(status_changed(keys, keys, previous="collecting", status="better") for keys in pair),
    )

    dealt_with = asyncio.run(publish(database, kafka_broker.address, topic, rounds=2))

    logged = [decode_insight(record.value) for record in read_log(kafka_broker.address, topic)]
    assert [insight.id for insight in logged] == [alarm, opened, status]
    assert isinstance(logged[-1].data, StatusChanged)
    assert logged[-1].data.interpretation == "not_yet_interpreted"
    assert dealt_with == [6, 0]
    assert owing.rows("SELECT count(*) FROM insights WHERE withheld_at IS NOT NULL") == [(3,)]


async def publish(
    conninfo: str, kafka: str, topic: str, *, rounds: int, connected: bool = True
) -> list[int]:
    """Publish as the process that leads does; return how many insights each time."""
    database = Database(conninfo, connections=2)
    log = LogWriter(kafka, topic, acknowledge_seconds=10, in_flight=InFlight(2**24))
    jobs = [asyncio.create_task(database.run()), asyncio.create_task(log.run())]
    try:
        for _ in range(600):
            if not (log.is_stalled and connected) and await database.trouble() is None:
                break
            await asyncio.sleep(0.05)
        return [await insight_publisher.publish_some(database, log) for _ in range(rounds)]
    finally:
        for job in jobs:
            job.cancel()
        await asyncio.wait(jobs)


def test_an_experiment_that_cannot_be_read_keeps_nobody_from_the_others(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = insight_watch.take_snapshot

    async def failing(database: Database, key: str) -> Snapshot:
        if key == "broken":
            raise ArithmeticError
        return await taken(database, key)

    monkeypatch.setattr(insight_watch, "take_snapshot", failing)
    watched.company.start()
    with psycopg.connect(watched.company.database, autocommit=True) as connection:
        connection.execute("SELECT pg_notify('readings', 'broken')")
    watched.company.deliver([*history(100, {"plain": 12, "question": 80}), *waiting()])

    wait_for(lambda: watched.statuses() != [], seconds=30)


def test_the_api_lives_on_a_database_that_is_not_migrated_yet(empty_database: str) -> None:
    app = build_app(settings(database=empty_database))
    with serving(app) as client:
        wait_for(lambda: "PostgreSQL does not answer" not in client.get("/readyz").text)
        time.sleep(2)

        assert client.get("/healthz").status_code == 200
