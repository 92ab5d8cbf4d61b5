"""Breakdowns and campaigns over HTTP: who sees which groups, when, and what is never told."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import psycopg
import pytest
from argon2 import profiles

from api import access, counting, releases
from api.app import build_app
from api.passwords import Passwords
from api.rate_limits import Rate
from storage.unit_groups import unit_groups
from tests.api.breakdown_attack import heard_in, small_groups, with_large_groups
from tests.api.breakdown_story import CHANNELS, KEY, METRIC, VARIANTS, Story, beginning
from tests.api.house import House
from tests.api.resources import experiment
from tests.api.serving import serving, settings, wait_for
from tests.databases import Databases, drop
from transparency.editions import EditionError

pytestmark = pytest.mark.stack


@dataclass
class Told:
    """The story, and what the owner was shown at its turns."""

    story: Story
    before: Any
    early: Any
    shown: Any


@pytest.fixture(scope="module")
def told(databases: Databases, postgres_server: str) -> Iterator[Told]:
    """Accounts have come in over many deliveries, and everybody asked after each."""
    database = databases.copied()
    app = build_app(settings(database=database))
    app.state.entrance = replace(app.state.entrance, passwords=Passwords(profiles.CHEAPEST))
    with unlimited(), serving(app) as client:
        wait_for(lambda: client.get("/v1/metrics").status_code == 200)
        with beginning(House(app, client, database)) as story:
            yield _told(story)
    drop(postgres_server, database)


@contextmanager
def unlimited() -> Iterator[None]:
    """Nobody is slowed down, however fast they ask."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("PERSON_RATE", "MACHINE_RATE", "STRANGER_RATE"):
            patch.setattr(access, name, Rate(per_second=1e9, at_once=10**9))
        yield


def _told(story: Story) -> Told:
    story.listen()
    before = story.breakdown(story.owner)
    story.arrive(1, 15, share=0.3)
    story.listen()
    early = story.breakdown(story.owner)
    story.arrive(2, 45)
    story.listen()
    shown = story.breakdown(story.owner)
    for seed, units in enumerate((3, 4, 2, 6, 8, 5), start=3):
        story.arrive(seed, units)
        story.listen()
    return Told(story, before, early, shown)


@pytest.fixture
def story(told: Told) -> Story:
    return told.story


def cells_of(document: Any, variant: str) -> dict[str, Any]:
    """The cells of a variant by group."""
    return {
        row["value"]: cell
        for row in document["rows"]
        for cell in row["cells"]
        if cell["variant"] == variant
    }


def test_before_the_first_step_no_group_is_shown(told: Told) -> None:
    assert told.before["rows"] == []
    assert told.before["released_at"] is None
    assert told.before["sentences"][0].startswith("No group is shown.")


def test_where_the_reading_has_no_estimate_groups_show_progress_alone(told: Told) -> None:
    cells = cells_of(told.early, "plain")

    assert cells["email"] == {"variant": "plain", "accounts": 9, "edition": 1}
    assert told.early["totals"][0] == {"variant": "plain", "accounts": 15, "edition": 1}
    assert "There is no estimate over all accounts" in told.early["sentences"][0]


def test_who_does_the_work_sees_groups_with_shares_that_are_drawn_together(told: Told) -> None:
    cells = cells_of(told.shown, "plain")

    assert (told.shown["name"], told.shown["evidence"]) == ("Channel", "exploratory")
    assert [row["value"] for row in told.shown["rows"]] == list(CHANNELS)
    assert (cells["email"]["accounts"], cells["web"]["accounts"]) == (36, 13)
    assert cells["other"] == {"variant": "plain", "hidden": True}
    # 14 of 36 and 7 of 13 differ by no more than chance: both show the 21 of 49.
    (share,) = cells["email"]["shares"]
    assert (share["metric"], share["share"]) == (METRIC, pytest.approx(21 / 49))
    assert share["interval"]["lower"] < 21 / 49 < share["interval"]["upper"]
    assert "this is no ranking" in told.shown["sentences"][0]


def test_totals_of_every_breakdown_are_those_of_the_reading(story: Story) -> None:
    results = story.results(story.owner)

    found = [story.breakdown(story.owner, name)["totals"] for name in ("channel", "data.industry")]

    arms = results["metrics"][0]["arms"]
    reading = [(arm["variant"], arm["n"], int(arm["moments"]["sum_y"])) for arm in arms]
    for totals in found:
        assert [(t["variant"], t["accounts"], t["events"][METRIC]) for t in totals] == reading
    assert [one["dimension"] for one in results["breakdowns"]] == ["channel", "data.industry"]


def test_who_reads_all_readings_is_told_that_breakdowns_are_withheld(story: Story) -> None:
    found = story.breakdown(story.other, language="de")

    assert (found["rows"], found["totals"], found["metrics"]) == ([], [], [])
    assert [one["what"] for one in found["withheld"]] == [
        "Aufschlüsselungen nach Inhalt, Kanal und Ähnlichem"
    ]
    assert "breakdowns" not in story.results(story.other)


def test_who_sees_the_headline_is_told_the_same(story: Story) -> None:
    asked = {"dimension": "content"}
    found = story.other.get("/v1/experiments/spring-page/breakdowns", params=asked).json()

    assert found["rows"] == []
    assert "you see the headline here" in found["withheld"][-1]["why"]


def test_who_may_not_know_of_an_experiment_is_answered_as_if_it_did_not_exist(
    story: Story,
) -> None:
    with story.house.signed_in("eve", "engineer") as engineer:
        found = engineer.get(KEY + "/breakdowns", params={"dimension": "channel"})
        other = engineer.get("/v1/experiments/none/breakdowns", params={"dimension": "channel"})
        campaign = engineer.get("/v1/campaigns/spring")
        unknown = engineer.get("/v1/campaigns/none")

    assert (found.status_code, other.status_code) == (404, 404)
    assert (campaign.status_code, unknown.status_code) == (404, 404)
    assert campaign.json()["detail"].replace("spring", "none") == unknown.json()["detail"]


def test_only_who_saw_groups_stands_in_the_access_log(story: Story) -> None:
    entries = story.house.sql(
        "SELECT DISTINCT person FROM access_log WHERE route IN ('breakdowns', 'campaign')"
    )

    assert entries == [(story.house.ids["ada"],)]


def test_the_deployments_own_token_gets_the_same_groups(story: Story) -> None:
    asked = {"dimension": "channel"}
    live = story.house.client.get(KEY + "/breakdowns", params=asked).json()
    seen = story.breakdown(story.owner)

    assert live == {name: seen[name] for name in live}
    assert "withheld" not in live


@pytest.mark.parametrize(
    ("query", "field", "rule"),
    [
        ({"dimension": "data.seller"}, "dimension", "unknown_dimension"),
        ({"dimension": "channel", "metric": "none"}, "metric", "unknown_metric"),
        ({}, "dimension", "missing"),
    ],
)
def test_there_is_no_other_way_to_group_accounts(
    story: Story, query: dict[str, str], field: str, rule: str
) -> None:
    found = story.owner.get(KEY + "/breakdowns", params=query)

    assert (found.status_code, found.json()["field"], found.json()["rule"]) == (422, field, rule)


def test_nothing_is_grouped_by_people(story: Story) -> None:
    dimensions = [{"field": "channel", "values": ["a"]}, {"field": "data.owner", "values": ["a"]}]

    found = story.house.client.post("/v1/experiments", json=experiment("x", dimensions=dimensions))

    assert (found.status_code, found.json()["field"]) == (422, "dimensions.1.field")
    assert found.json()["rule"] == "names_employee"


def test_groups_cannot_be_amended(story: Story) -> None:
    asked = {"reason": "Another look", "changes": {"dimensions": []}}

    found = story.owner.send("POST", KEY + "/amendments", json=asked)

    assert (found.status_code, found.json()["rule"]) == (422, "not_amendable")


@pytest.mark.parametrize("variant", VARIANTS)
def test_no_small_group_follows_from_all_answers_put_together(story: Story, variant: str) -> None:
    found = list(small_groups(story, heard_in(story.answers), variant))

    assert len(found) > 10
    assert [small for small in found if not small.is_open] == []


def test_small_groups_would_follow_if_only_they_were_hidden(story: Story) -> None:
    heard = with_large_groups(story, heard_in(story.answers), "plain")

    found = list(small_groups(story, heard, "plain"))

    assert any(small.accounts_within == (small.accounts,) * 2 for small in found)


def test_a_campaign_adds_up_what_each_side_may_see(story: Story) -> None:
    mail = {"experiment": "spring-mail", **_sums(story)}
    page = {"experiment": "spring-page", "accounts": 60, "value": "30"}

    (owner,), (other,) = (
        who.get("/v1/campaigns/spring").json()["metrics"] for who in (story.owner, story.other)
    )

    assert other["experiments"] == [mail]
    assert owner["experiments"] == [mail, page]
    assert (other["accounts"], other["value"]) == (mail["accounts"], mail["value"])
    assert owner["accounts"] == mail["accounts"] + 60
    contents = [(one["content"], one["accounts"], one["value"]) for one in owner["contents"]]
    # Of thirty accounts of each variant every third met the video, from the first on; the first
    # twelve of one and eighteen of the other downloaded the guide.
    assert contents == [("guide", 40, "20"), ("video", 20, "10")]
    assert other["contents"] == []


def _sums(story: Story) -> dict[str, Any]:
    """What people see of both variants together."""
    arms = story.results(story.other)["metrics"][0]["arms"]
    value = sum(int(arm["moments"]["sum_y"]) for arm in arms)
    return {"accounts": sum(arm["n"] for arm in arms), "value": str(value)}


def test_the_ledger_is_closed_to_whoever_reads_results_and_is_never_changed(story: Story) -> None:
    with psycopg.connect(story.house.database) as connection:
        connection.execute("SET ROLE roundtable_reader")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("SELECT * FROM breakdown_editions")

    for statement in (
        "UPDATE breakdown_editions SET moved = '{}'",
        "DELETE FROM breakdown_editions",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="append-only"):
            story.house.sql(statement)


def ledger(story: Story) -> list[Any]:
    """Every edition of every breakdown so far."""
    order = "dimension, variant, number"
    return list(
        story.house.sql(f"SELECT * FROM breakdown_editions ORDER BY experiment_id, {order}")
    )


def test_erasing_changes_neither_what_is_shown_nor_the_ledger_until_the_next_step(
    story: Story,
) -> None:
    before, figures = ledger(story), story.breakdown(story.owner)
    erased = next(account for account in story.accounts if account.variant == "plain")

    done = story.house.client.delete(f"/v1/contacts/contact-{erased.number}")
    between = story.breakdown(story.owner)
    story.arrive(20, 12)
    after, editions = story.breakdown(story.owner), ledger(story)

    assert done.status_code == 200
    assert between["rows"] == figures["rows"]
    assert len(editions) == len(before) + 4  # two dimensions of two variants
    assert all(edition in editions for edition in before)
    came = sum(account.variant == "plain" for account in story.accounts)
    assert after["totals"][0]["accounts"] == came - 1


@pytest.mark.parametrize("guard", ["edition", "sums"])
def test_a_step_without_an_edition_is_not_shown(
    story: Story, monkeypatch: pytest.MonkeyPatch, guard: str
) -> None:
    before, steps = story.results(story.owner), story.released()
    story.arrive(30 + len(guard), 12)

    with monkeypatch.context() as broken:
        if guard == "edition":
            broken.setattr(releases, "next_breakdowns", _refuse)
        else:
            broken.setattr(counting, "unit_groups", _forget_one)
        between = story.results(story.owner)
    after = story.results(story.owner)

    assert between["released_at"] == before["released_at"]
    assert between["breakdowns"] == before["breakdowns"]
    assert after["released_at"] > before["released_at"]
    assert story.released() == steps + 1


def _refuse(*_: object) -> Any:
    raise EditionError("groups: for a test")


async def _forget_one(*asked: Any, most: int) -> Any:
    found = await unit_groups(*asked, most=most)
    assert found is not None
    return found[1:]


def test_a_breakdown_of_too_many_accounts_ends_and_stays_as_it_was(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, steps = story.breakdown(story.owner), ledger(story)
    monkeypatch.setattr(counting, "MOST_GROUPED_HOMES", 10)
    story.arrive(40, 20)

    ended = story.breakdown(story.owner)
    monkeypatch.undo()
    story.arrive(41, 25)
    later = story.breakdown(story.owner)

    assert ended["released_at"] < later["released_at"]
    assert ended["has_ended"] is later["has_ended"] is True
    assert ended["rows"] == later["rows"] == before["rows"]
    assert "This breakdown has ended" in later["sentences"][-1]
    assert len(ledger(story)) == len(steps)
