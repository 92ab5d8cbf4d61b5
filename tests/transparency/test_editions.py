"""Breakdowns over time: what an edition moves, what it holds back, and when it comes at all."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.dimensions import Dimension
from transparency.audit import (
    AuditError,
    Fact,
    Knowledge,
    Question,
    all_open,
    first_exposed,
    widths,
)
from transparency.breakdowns import Breakdown, breakdown_document
from transparency.dimensions import PersonDimensionError
from transparency.edition_knowledge import open_part
from transparency.editions import EditionError, History, Shown, next_edition, shown, shown_total
from transparency.reading_steps import ArmProgress, reading_is_due
from transparency.tables import Cell

START = datetime(2026, 3, 2, tzinfo=UTC)


def after(*steps: dict[str, int], k: int = 5) -> History:
    history = History()
    for number, groups in enumerate(steps):
        cells = {name: Cell(accounts, {"deals": accounts}) for name, accounts in groups.items()}
        history = next_edition(history, cells, at=START + timedelta(days=number), k=k)
    return history


def figures(history: History) -> dict[str, int]:
    return {name: figure.cell.accounts for name, figure in shown(history).items()}


def test_large_groups_are_shown_at_once():
    history = after({"email": 12, "ad": 9})

    assert figures(history) == {"email": 12, "ad": 9}
    assert shown_total(history) == Cell(21, {"deals": 21})


def test_before_the_first_edition_there_is_no_total():
    assert shown_total(History()) is None
    assert shown(History()) == {}


@pytest.mark.parametrize(
    ("before", "now", "grown"),
    [([], {"email": 3, "ad": 1}, 4), ([{"email": 30}], {"email": 28}, -2)],
)
def test_a_reading_that_was_not_due_makes_no_edition(before, now, grown):
    with pytest.raises(EditionError, match=rf"groups: \{grown:+} accounts since the last edition"):
        after(*before, now)


def test_a_small_group_takes_a_large_one_along_behind_the_total():
    history = after({"email": 30, "ad": 9, "event": 2})

    # The total of 41 is known: with both others shown, the event's two would be.
    assert figures(history) == {"email": 30}


def test_an_account_more_is_not_shown_until_there_are_five():
    history = after({"email": 12, "ad": 9}, {"email": 15, "ad": 14})

    # Five new ones by ad could be shown, but then the three by email would follow.
    assert figures(history) == {"email": 12, "ad": 9}
    assert shown_total(history) == Cell(29, {"deals": 29})


def test_what_was_held_back_comes_with_later_accounts():
    history = after({"email": 12, "ad": 9}, {"email": 15, "ad": 14}, {"email": 25, "ad": 24})

    assert figures(history) == {"email": 25, "ad": 24}


def test_a_group_keeps_the_figure_of_the_edition_that_moved_it():
    history = after({"email": 12, "ad": 9}, {"email": 30, "ad": 9})

    found = shown(history)

    assert (found["email"].cell.accounts, found["email"].edition) == (30, 2)
    assert (found["ad"].cell.accounts, found["ad"].edition) == (9, 1)


def test_an_unchanged_variant_has_no_new_edition():
    assert after({"email": 100}, {"email": 100}) == after({"email": 100})


def test_erased_accounts_take_no_figure_back_that_would_tell_who_left():
    history = after({"email": 12, "ad": 9}, {"email": 11, "ad": 20})

    assert figures(history)["email"] == 12


def test_another_measure_needs_another_history():
    history = after({"email": 12})

    with pytest.raises(EditionError, match=r"measures \['deals'\] as before, not \['meetings'\]"):
        next_edition(history, {"email": Cell(30, {"meetings": 3})}, at=START)


def test_editions_before_a_settled_one_are_not_audited_again():
    history = after({"email": 12, "ad": 9}, {"email": 30, "ad": 29}, {"email": 60, "ad": 29})

    assert [edition.number for edition in open_part(history.editions)] == [2, 3]


STEPS = st.lists(
    st.fixed_dictionaries({name: st.integers(0, 12) for name in "abc"}), min_size=1, max_size=5
)


@settings(max_examples=40, deadline=None)
@given(STEPS)
def test_what_is_shown_is_true_and_moves_by_five_or_not_at_all(steps):
    history, before, totals = History(), {}, dict.fromkeys("abc", 0)
    for step in steps:
        if sum(step.values()) < 5:
            continue
        totals = {name: totals[name] + step[name] for name in totals}
        cells = {name: Cell(accounts) for name, accounts in totals.items()}
        history = next_edition(history, cells, at=START)
        now = figures(history)

        assert before.keys() <= now.keys()
        for name, accounts in now.items():
            moved_by = accounts - before.get(name, 0)
            assert moved_by == 0 or (moved_by >= 5 and accounts == totals[name])
        before = now


def test_an_audit_measures_how_far_a_hidden_number_can_vary():
    # a + b = 7 with at least one each, c free.
    knowledge = Knowledge(lower=[1, 1, 0], equal=[Fact({0: 1.0, 1: 1.0}, 7)])
    questions = [Question({0: 1.0}, 9), Question({1: 1.0}, 4), Question({2: 1.0}, 8)]

    assert widths(knowledge, questions) == pytest.approx([5, 4, 8])
    assert first_exposed(knowledge, questions) == 0
    assert first_exposed(knowledge, questions[1:]) is None


def test_many_sums_that_vary_in_opposite_ways_are_all_found_open():
    # Twenty pairs of eight: where one has more, the other has less.
    pairs = [Fact({2 * n: 1.0, 2 * n + 1: 1.0}, 8) for n in range(20)]
    knowledge = Knowledge(lower=[0] * 40, equal=pairs)

    assert all_open(knowledge, [Question({n: 1.0}, 8) for n in range(40)])
    assert not all_open(knowledge, [Question({n: 1.0}, 8 + n // 39) for n in range(40)])


def test_an_audit_without_a_solution_publishes_nothing():
    knowledge = Knowledge(lower=[0], equal=[Fact({0: 1.0}, -1)])

    with pytest.raises(AuditError, match="the audit ended with"):
        all_open(knowledge, [Question({0: 1.0}, 5)])


def test_an_audit_of_many_questions_answers_each():
    knowledge = Knowledge(lower=[0] * 80, at_most=[Fact({n: 1.0}, n) for n in range(80)])

    found = widths(knowledge, [Question({n: 1.0}, 100) for n in range(80)])

    assert found == pytest.approx(list(range(80)))


@pytest.mark.parametrize(
    ("shown_before", "plain", "question", "is_open", "expected"),
    [
        ({}, (10, 20), (10, 20), True, True),
        ({"plain": 10, "question": 10}, (10, 20), (10, 20), True, False),
        ({"plain": 10, "question": 10}, (14, 30), (15, 30), True, False),
        ({"plain": 10, "question": 10}, (15, 30), (15, 30), True, True),
        ({"plain": 10, "question": 10}, (10, 30), (15, 30), True, True),
        ({"plain": 100, "question": 100}, (110, 130), (109, 130), True, False),
        ({"plain": 100, "question": 100}, (110, 130), (110, 130), True, True),
        ({"plain": 100, "question": 100}, (105, 105), (100, 100), False, True),
        ({"plain": 100, "question": 100}, (105, 110), (100, 100), False, False),
        # Fewer than five would be left for the last step.
        ({"plain": 10, "question": 10}, (15, 19), (15, 30), True, False),
        ({"plain": 10, "question": 10}, (15, 15), (15, 30), True, False),
        ({"plain": 10, "question": 10}, (15, 15), (15, 20), False, True),
        ({"plain": 10, "question": 10}, (15, 17), (15, 20), False, False),
        # Units that turned out to be mixed leave in steps too.
        ({"plain": 10, "question": 10}, (9, 30), (15, 30), True, False),
    ],
)
def test_readings_follow_each_other_in_steps(shown_before, plain, question, is_open, expected):
    now = {"plain": ArmProgress(*plain), "question": ArmProgress(*question)}

    assert reading_is_due(shown_before, now, intake_is_open=is_open) is expected


def test_more_mature_units_than_there_are_is_refused():
    with pytest.raises(ValueError, match="mature: from 0 to the 3 exposed units, not 4"):
        ArmProgress(4, 3)


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=30))
def test_once_intake_is_closed_every_unit_gets_into_a_reading(days):
    exposed = mature = seen = 0
    waiting: list[int] = []
    for new, ripe in days:
        exposed += new
        waiting.append(new)
        mature = min(exposed, mature + ripe)
        if reading_is_due(
            {"plain": seen}, {"plain": ArmProgress(mature, exposed)}, intake_is_open=True
        ):
            seen = mature

    final = ArmProgress(exposed, exposed)

    is_last_due = reading_is_due({"plain": seen}, {"plain": final}, intake_is_open=False)
    assert is_last_due or exposed == seen or exposed < 5


@pytest.mark.parametrize(("shares", "expected"), [((), {"a": 5, "b": 6}), (("leads",), {})])
def test_many_events_are_of_as_many_accounts_and_nothing_follows_from_that(shares, expected):
    """Shown later, b has two leads, so it had two at most: of the first five, a had three or more,
    and with them three accounts or more of the six. That leaves one, two or three for b."""
    history = History()
    for groups in ({"a": (5, 4), "b": (1, 1)}, {"a": (5, 5), "b": (6, 2)}):
        cells = {
            name: Cell(accounts, {"leads": leads}) for name, (accounts, leads) in groups.items()
        }
        history = next_edition(history, cells, at=START, shares=shares)

    assert figures(history) == expected


def test_a_breakdown_names_only_groups_that_are_shown():
    plain = after({"email": 30, "ad": 9, "event": 2})
    question = after({"email": 20, "ad": 12})

    groups = {"plain": shown(plain), "question": shown(question)}
    totals = {"plain": Shown(Cell(41, {"deals": 41}), 1)}

    found = breakdown_document(
        Dimension(field="channel", values=("email", "ad", "event")),
        Breakdown(measures=("deals",), totals=totals, groups=groups),
        ["plain", "question"],
    )

    assert [row["value"] for row in found["rows"]] == ["email", "ad"]
    assert found["rows"][1]["cells"] == [
        {"variant": "plain", "hidden": True},
        {"variant": "question", "accounts": 12, "values": {"deals": 12}, "edition": 1},
    ]
    assert found["totals"][0]["accounts"] == 41
    assert found["totals"][1] == {"variant": "question", "hidden": True}
    assert "event" not in str(found)


def test_there_is_no_breakdown_by_employee():
    with pytest.raises(PersonDimensionError, match=r"data\.owner: names an employee"):
        breakdown_document(
            Dimension(field="data.owner", values=("ann",)), Breakdown(measures=()), []
        )
