"""A review that waits for somebody is reminded of once per moment, whatever runs or breaks."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg import AsyncConnection

from api import insight_deadlines
from api.database import Database
from api.insight_deadlines import remind, watch_deadlines
from api.insight_reminders import moment_to_tell, reminders_of
from api.insight_settings import InsightSettingError, ReviewReminders
from schemas.insights import ReviewDue, ReviewOverdue
from storage.outbox import lock_subject
from storage.reminders import OpenReview
from tests.api.serving import wait_for
from tests.api.webhook_owing import Owing

DAY = timedelta(days=1)
DEADLINE = datetime(2026, 5, 20, 12, tzinfo=UTC)
USUAL = ReviewReminders()


def review(*, opened: float = 14, reminded: datetime | None = None) -> OpenReview:
    return OpenReview(
        id=1,
        experiment="spring",
        name="Spring",
        number=1,
        opened_at=DEADLINE - opened * DAY,
        deadline=DEADLINE,
        reminded=reminded,
    )


@pytest.mark.parametrize(
    ("days_before", "reminded_days_before", "expected_days_before"),
    [
        (3.01, None, None),
        (3, None, 3),
        (2, 3, None),
        (1, 3, 1),
        (0.5, 1, None),
        (0, 1, 0),
        (-30, 0, None),
        # Nobody was there to tell of the first two: one message, not three.
        (0.5, None, 1),
        (-1, None, 0),
        (-1, 3, 0),
    ],
)
def test_the_latest_moment_that_has_passed_is_told_once(
    days_before: float, reminded_days_before: float | None, expected_days_before: float | None
) -> None:
    told = None if reminded_days_before is None else DEADLINE - reminded_days_before * DAY

    moment = moment_to_tell(review(reminded=told), USUAL, now=DEADLINE - days_before * DAY)

    expected = None if expected_days_before is None else DEADLINE - expected_days_before * DAY
    assert moment == expected


def test_what_was_due_before_the_review_was_opened_is_not_told() -> None:
    short = review(opened=2)

    assert moment_to_tell(short, USUAL, now=DEADLINE - 1.5 * DAY) is None
    assert moment_to_tell(short, USUAL, now=DEADLINE - 1 * DAY) == DEADLINE - 1 * DAY


def test_a_setting_that_changes_meanwhile_tells_nothing_twice() -> None:
    told = review(reminded=DEADLINE - 3 * DAY)

    assert moment_to_tell(told, ReviewReminders((4 * DAY,)), now=DEADLINE - 2 * DAY) is None


def test_without_reminders_there_is_the_deadline_alone() -> None:
    never = ReviewReminders(())

    assert moment_to_tell(review(), never, now=DEADLINE - 0.1 * DAY) is None
    assert moment_to_tell(review(), never, now=DEADLINE) == DEADLINE


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (set(), ["marketing", "sales"]),
        ({"marketing"}, ["sales"]),
        ({"sales"}, ["marketing"]),
        ({"marketing", "sales"}, []),
    ],
)
def test_a_side_that_has_not_written_is_reminded(written: set[Any], expected: list[str]) -> None:
    before = list(reminders_of(review(), DEADLINE - DAY, written))
    (overdue,) = reminders_of(review(), DEADLINE, written)

    assert [each.side for each in before if isinstance(each, ReviewDue)] == expected
    assert isinstance(overdue, ReviewOverdue)
    assert list(overdue.missing) == expected


@pytest.mark.parametrize(
    ("text", "days"), [("", (3, 1)), ("7", (7,)), ("1, 5 ,2", (5, 2, 1)), ("never", ())]
)
def test_days_are_read_from_the_environment(text: str, days: tuple[int, ...]) -> None:
    found = ReviewReminders.from_env({"ROUNDTABLE_REVIEW_REMINDERS": text})

    assert found.before == tuple(timedelta(days=number) for number in days)


@pytest.mark.parametrize("text", ["0", "61", "-1", "1.5", "1,1", "3,", "soon", "99999", "²"])
def test_days_that_are_none_are_refused_by_name(text: str) -> None:
    with pytest.raises(InsightSettingError, match="ROUNDTABLE_REVIEW_REMINDERS"):
        ReviewReminders.from_env({"ROUNDTABLE_REVIEW_REMINDERS": text})


def opened(owing: Owing, key: str, *, days_left: float, written: str | None = None) -> int:
    """An experiment in review, opened a fortnight ago."""
    owing.experiment(key)
    values = f"now() - interval '14 days', now() + interval '{days_left} days'"
    with psycopg.connect(owing.database) as connection:
        row = connection.execute(
            "INSERT INTO reviews (experiment_id, number, epoch, snapshot, opened_at, deadline) "
            f"SELECT id, 1, 1, '{{}}', {values} FROM experiments WHERE key = %s RETURNING id",
            (key,),
        ).fetchone()
        assert row is not None
        if written is not None:
            connection.execute(
                "INSERT INTO review_readings VALUES (%s, %s, 'p-1', 'It works.', now())",
                (row[0], written),
            )
    return int(row[0])


def told(owing: Owing) -> list[tuple[str, str, object]]:
    """Every reminder: its kind, the experiment, and which sides are asked."""
    rows = [
        (kind, each["experiment"], each.get("side", each.get("missing")))
        for kind in ("review_due", "review_overdue")
        for each in owing.insights(f"insight.{kind}")
    ]
    return sorted(rows, key=repr)


@pytest.mark.stack
def test_two_processes_and_a_restart_remind_once(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(insight_deadlines, "LOOK_SECONDS", 0.02)
    owing = Owing(database)
    opened(owing, "far", days_left=5)
    opened(owing, "near", days_left=2)
    opened(owing, "half-read", days_left=0.5, written="marketing")
    opened(owing, "late", days_left=-1, written="sales")
    over = opened(owing, "over", days_left=-1)
    owing.do(
        "UPDATE reviews SET concluded_at = now(), is_joint = false, proposal = '{}' "
        f"WHERE id = {over}"
    )

    for _ in range(2):
        asyncio.run(_watching(database, processes=3, until=lambda: len(told(owing)) >= 4))

    assert told(owing) == [
        ("review_due", "half-read", "sales"),
        ("review_due", "near", "marketing"),
        ("review_due", "near", "sales"),
        ("review_overdue", "late", ["marketing"]),
    ]
    assert "p-1" not in repr(owing.rows("SELECT body FROM insights"))


async def _watching(database: str, *, processes: int, until: Any) -> None:
    databases = [Database(database, connections=2) for _ in range(processes)]
    jobs = [asyncio.create_task(each.run()) for each in databases]
    jobs += [asyncio.create_task(watch_deadlines(each, USUAL)) for each in databases]
    try:
        await asyncio.to_thread(wait_for, until)
        await asyncio.sleep(0.5)  # many looks more
        assert not any(job.done() for job in jobs)
    finally:
        for job in jobs:
            job.cancel()
        await asyncio.wait(jobs)


@pytest.mark.stack
def test_who_looked_before_a_side_wrote_or_concluded_tells_what_is_so_then(database: str) -> None:
    owing = Owing(database)
    written = opened(owing, "written", days_left=1)
    concluded = opened(owing, "concluded", days_left=1)

    async def race(review_id: int, change: str) -> None:
        moment = datetime.now(UTC)
        looked_at = OpenReview(
            id=review_id,
            experiment="spring",
            name="Spring",
            number=1,
            opened_at=moment - 14 * DAY,
            deadline=moment + DAY,
            reminded=None,
        )
        async with (
            await AsyncConnection.connect(database) as writing,
            await AsyncConnection.connect(database) as reminding,
        ):
            await writing.execute("SELECT FROM reviews WHERE id = %s FOR UPDATE", (review_id,))
            telling = asyncio.create_task(remind(reminding, looked_at, moment, now=moment))
            await asyncio.sleep(0.2)
            await writing.execute(change.encode())
            # As whoever writes does in the end: the lock that recording takes is still free.
            await lock_subject(writing, "experiment/spring")
            await writing.commit()
            await telling

    asyncio.run(
        race(written, f"INSERT INTO review_readings VALUES ({written}, 'sales', 'p', 'x', now())")
    )
    asyncio.run(
        race(
            concluded,
            "UPDATE reviews SET concluded_at = now(), is_joint = false, proposal = '{}' "
            f"WHERE id = {concluded}",
        )
    )

    assert told(owing) == [("review_due", "spring", "marketing")]
