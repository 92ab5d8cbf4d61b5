"""People see figures that move in steps, however they ask; operators see them live."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import combinations
from typing import Any

import msgspec
import pytest
from psycopg import AsyncConnection

from api.app import build_app
from storage.released_readings import latest_release, release
from tests.api.company import Company, download, exposure, history, waiting
from tests.api.house import Browser, House, run
from tests.api.serving import open_client, serving, settings, wait_for

pytestmark = pytest.mark.stack

KEY = "/v1/experiments/spring-mail"


@dataclass
class Floor:
    """A house with an experiment of marketing, and somebody of every audience that sees it."""

    house: House
    company: Company
    people: tuple[Browser, Browser]
    number: int = 1_000

    def arrive(self, units: int) -> None:
        """Let so many mature units come to each variant; every other one downloads the guide."""
        events = []
        for variant in ("plain", "question"):
            numbers = range(self.number, self.number + units)
            events += [exposure(number, variant) for number in numbers]
            events += [download(number) for number in numbers[::2]]
            self.number += units
        self.company.deliver(events)

    def seen(self, who: int = 0) -> Any:
        """What one of the people is shown."""
        answer = self.people[who].get(KEY + "/results")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def live(self) -> Any:
        """What the operator is shown."""
        return self.company.results().json()


@pytest.fixture
def floor(house: House) -> Iterator[Floor]:
    """Nobody is exposed yet; a marketer and a seller watch."""
    with ExitStack() as stack:
        owner = stack.enter_context(house.signed_in("ada", "marketer"))
        other = stack.enter_context(house.signed_in("ben", "seller"))
        company = Company(house.client, house.database)
        readers = {"marketing": [house.ids["ada"]], "sales": [house.ids["ben"]]}
        company.start(interpreters=readers)
        yield Floor(house, company, (owner, other))


@pytest.fixture
def shown(floor: Floor) -> Floor:
    """Sixty units in each variant are in the figures that people see."""
    floor.company.deliver([*history(60, {"plain": 10, "question": 45}), *waiting(20)])
    assert units_of(floor.seen()) == [60, 60]
    return floor


def units_of(document: Any) -> list[int]:
    return [arm["n"] for arm in document["metrics"][0]["arms"]]


def sums_of(document: Any) -> list[str]:
    return [arm["moments"]["sum_y"] for arm in document["metrics"][0]["arms"]]


def test_before_the_first_step_there_are_counts_and_no_figures(floor: Floor) -> None:
    floor.company.deliver(history(60, {"plain": 10, "question": 45}))

    seen, live = floor.seen(), floor.live()

    (pair,) = seen["metrics"][0]["pairs"]
    assert (pair["status"], pair["reason"]) == ("collecting", "next_step_pending")
    assert "always_valid" not in pair
    assert "until further units are exposed, or intake is closed" in pair["sentence"]
    assert (seen["released_at"], units_of(seen)) == (None, [0, 0])
    assert (seen["metrics"][0]["mature_units"], seen["intake"]["exposed_units"]) == (120, 120)
    assert live["metrics"][0]["pairs"][0]["status"] == "better"
    assert "released_at" not in live


def test_a_step_shows_the_figures_that_operators_see(shown: Floor) -> None:
    seen, live = shown.seen(), shown.live()

    assert sums_of(seen) == sums_of(live) == ["10", "45"]
    assert seen["metrics"][0]["pairs"][0]["estimate"] == pytest.approx(35 / 60)
    assert seen["metrics"][0]["pairs"][0]["status"] == "better"
    assert seen["metrics"][0]["next_step_units"] == 12
    assert "at least 12 more mature units" in seen["release_sentence"]
    assert seen["metrics"][0]["released_at"] == seen["released_at"]


def test_counts_are_live_while_figures_wait(shown: Floor) -> None:
    shown.arrive(3)

    seen, live = shown.seen(), shown.live()

    assert (units_of(seen), units_of(live)) == ([60, 60], [63, 63])
    assert seen["metrics"][0]["pairs"][0]["n_variant"] == 60
    assert seen["metrics"][0]["mature_units"] == live["metrics"][0]["mature_units"] == 126
    assert seen["intake"] == live["intake"]
    assert seen["arms"] == live["arms"]
    assert [arm["still_open"] for arm in seen["metrics"][0]["arms"]] == [20, 20]


def test_no_two_readings_of_anybody_differ_by_a_few_accounts(floor: Floor) -> None:
    floor.company.deliver(waiting(40))
    seen = [floor.seen(who) for who in (0, 1)]
    for units in (3, 4, 5, 1, 2, 4, 6, 1, 1, 9):
        floor.arrive(units)
        seen += [floor.seen(who) for who in (0, 1)]

    counts = [units_of(document) for document in seen]
    steps = {count[0] for count in counts}
    assert steps == {0, 7, 12, 19, 25, 36}
    for one, other in combinations(counts, 2):
        assert all(a == b or abs(a - b) >= 5 for a, b in zip(one, other, strict=True))


def test_a_late_event_between_steps_does_not_show_until_the_next(shown: Floor) -> None:
    shown.company.deliver([download(30)])

    between, live = shown.seen(), shown.live()
    shown.arrive(10)
    after = shown.seen()

    assert (sums_of(between), sums_of(live)) == (["10", "45"], ["11", "45"])
    assert sums_of(after) == ["16", "50"]


def test_a_variant_that_stands_still_keeps_its_figures_though_the_other_moves(
    shown: Floor,
) -> None:
    shown.company.deliver([download(30)])
    shown.company.deliver([exposure(number, "question") for number in range(2_000, 2_020)])

    seen, live = shown.seen(), shown.live()

    assert units_of(seen) == units_of(live) == [60, 80]
    assert (sums_of(seen), sums_of(live)) == (["10", "45"], ["11", "45"])


def test_an_experiment_that_is_read_unit_by_unit_steps_as_well(house: House) -> None:
    company = Company(house.client, house.database)
    company.start(planned_units=60)
    company.deliver([*history(15, {"plain": 1, "question": 14}), *waiting(10)])
    with house.signed_in("ada", "marketer") as marketer:
        small = Floor(house, company, (marketer, marketer))
        first = small.seen()
        company.deliver([download(5)])
        small.arrive(3)
        between = small.seen()
        small.arrive(3)
        after = small.seen()

    assert first["metrics"][0]["pairs"][0]["status"] == "better"
    assert between["metrics"][0]["pairs"] == first["metrics"][0]["pairs"]
    assert [units_of(document) for document in (first, between, after)] == [
        [15, 15],
        [15, 15],
        [21, 21],
    ]
    assert sums_of(after) == ["6", "18"]


def test_a_new_definition_of_the_same_units_starts_nothing_anew(shown: Floor) -> None:
    shown.arrive(2)
    shown.house.client.post(KEY + "/stop", json={"reason": "No budget left"}).raise_for_status()
    shown.company.build()

    seen, live = shown.seen(), shown.live()

    assert (seen["epoch"], units_of(live)) == (live["epoch"], [62, 62])
    assert units_of(seen) == [60, 60]
    assert seen["metrics"][0]["pairs"][0]["status"] == "better"


def test_an_obstacle_closes_figures_at_once(shown: Floor) -> None:
    # Far more units of one variant than registered: the split is broken, whatever was released.
    shown.company.deliver([exposure(number, "plain") for number in range(3_000, 3_400)])

    (pair,) = shown.seen()["metrics"][0]["pairs"]

    assert (pair["status"], pair["reason"]) == ("invalid", "sample_ratio_mismatch")
    assert "always_valid" not in pair


def test_two_processes_release_one_and_the_same_reading(floor: Floor) -> None:
    floor.company.deliver([*history(60, {"plain": 10, "question": 45}), *waiting()])
    found: list[Any] = []
    start = threading.Barrier(6)

    def read(browser: Browser) -> None:
        start.wait()
        found.append(browser.get(KEY + "/results").json())

    with second_process(floor) as elsewhere:
        readers = [*floor.people, *elsewhere] * 2
        threads = [threading.Thread(target=read, args=(one,)) for one in readers[: start.parties]]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert len(found) == start.parties
    assert floor.house.sql("SELECT number FROM released_readings") == [(1,)]
    assert len({document["released_at"] for document in found}) == 1
    assert {tuple(units_of(document)) for document in found} == {(60, 60)}


def test_a_second_release_after_the_same_reading_is_none_and_old_sums_are_forgotten(
    shown: Floor,
) -> None:
    async def release_again() -> tuple[bool, bool]:
        connect = AsyncConnection.connect(shown.house.database, autocommit=True)
        async with await connect as connection:
            last = await latest_release(connection, "spring-mail")
            assert last is not None
            following = msgspec.structs.replace(last, number=2)
            again = await release(connection, "spring-mail", last)
            return again, await release(connection, "spring-mail", following)

    again, following = run(release_again())

    kept = shown.house.sql("SELECT number, figures IS NULL FROM released_readings ORDER BY number")
    assert (again, following) == (False, True)
    assert kept == [(1, True), (2, False)]


@contextmanager
def second_process(floor: Floor) -> Iterator[list[Browser]]:
    """Another API on the same database; the same people are signed in there."""
    with (
        serving(build_app(settings(database=floor.house.database))) as client,
        ExitStack() as stack,
    ):
        wait_for(lambda: client.get("/v1/metrics").status_code == 200)
        browsers = []
        for name in ("ada", "ben"):
            pages = open_client(client.base_url)
            browsers.append(Browser(stack.enter_context(pages)))
            assert browsers[-1].sign_in(name).status_code == 200
        yield browsers


def test_a_stream_shows_the_step_and_not_what_came_after(shown: Floor) -> None:
    shown.arrive(2)

    with shown.people[0].client.stream("GET", KEY + "/stream") as answer:
        data = next(line for line in answer.iter_lines() if line.startswith("data: "))

    assert '"n":60' in data
    assert '"n":62' not in data


def test_a_review_is_opened_on_the_figures_that_people_see(shown: Floor) -> None:
    shown.arrive(2)
    deadline = (datetime.now(UTC) + timedelta(days=7)).isoformat()

    opened = shown.people[0].send("POST", KEY + "/reviews", json={"deadline": deadline})
    pinned = shown.people[1].get(KEY + "/reviews/1/results").json()

    assert opened.status_code == 201
    assert units_of(pinned) == [60, 60]
    assert pinned["released_at"] == shown.seen()["released_at"]


def test_an_earlier_day_shows_people_what_they_were_shown_then(shown: Floor) -> None:
    first = shown.seen()["released_at"]
    shown.arrive(10)
    assert units_of(shown.seen()) == [70, 70]

    then = shown.people[0].get(KEY + "/as-known", params={"on": first})
    before = shown.people[0].get(KEY + "/as-known", params={"on": "2026-06-01T00:00:00Z"})
    operator = shown.house.client.get(KEY + "/as-known", params={"on": first})

    assert units_of(then.json()["results"]) == [60, 60]
    assert "arrived_since" not in then.json()
    assert before.status_code == 409
    assert "arrived_since" in operator.json()


def test_an_explanation_tells_people_of_units_and_not_of_what_they_did(shown: Floor) -> None:
    shown.arrive(2)
    asked = {"metric": "guide-downloads", "language": "de"}

    seen = shown.people[1].get(KEY + "/explain", params=asked).json()
    live = shown.house.client.get(KEY + "/explain", params=asked).json()

    assert seen["variants"][0] == {
        "variant": "plain",
        "exposed": 82,
        "mixed": 0,
        "mature": 62,
        "still_open": 20,
        "in_figures": 60,
    }
    assert "wenige Accounts" in seen["withheld"]
    assert "events" not in seen
    assert live["variants"][0]["sum_of_outcomes"] == "11"
