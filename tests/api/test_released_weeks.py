"""Weeks that people see hold enough units, and are shown once."""

from typing import Any

from api.released_weeks import joined_weeks, with_weeks_shown_before
from inference.moments import Moments


def units(**arms: dict[int, int]) -> dict[str, dict[int, Moments]]:
    return {
        variant: {week: Moments(n=n) for week, n in weeks.items()}
        for variant, weeks in arms.items()
    }


def counted(arms: dict[str, dict[int, Moments]]) -> dict[str, dict[int, int]]:
    return {v: {week: moments.n for week, moments in weeks.items()} for v, weeks in arms.items()}


def test_weeks_with_enough_units_in_every_arm_stay_as_they_are() -> None:
    arms = units(a={0: 10, 1: 12}, b={0: 11, 1: 10})

    assert joined_weeks(arms, fewest=10) == arms


def test_a_week_that_is_small_in_one_arm_takes_the_next_one_in() -> None:
    arms = units(a={0: 10, 1: 4, 2: 7}, b={0: 11, 1: 30, 2: 30})

    assert counted(joined_weeks(arms, fewest=10)) == {"a": {0: 10, 1: 11}, "b": {0: 11, 1: 60}}


def test_what_is_left_over_joins_the_last_one() -> None:
    arms = units(a={0: 10, 3: 2}, b={0: 11, 3: 1})

    assert counted(joined_weeks(arms, fewest=10)) == {"a": {0: 12}, "b": {0: 12}}


def test_an_experiment_with_few_units_is_one_week_and_an_empty_arm_has_none() -> None:
    assert counted(joined_weeks(units(a={2: 3, 4: 1}, b={}), fewest=10)) == {"a": {2: 4}, "b": {}}
    assert joined_weeks(units(a={}, b={}), fewest=10) == {"a": {}, "b": {}}


def document(*weeks: int, version: int = 1) -> dict[str, Any]:
    pair = {"baseline": "a", "variant": "b", "weeks": [{"week": week} for week in weeks]}
    return {"epoch": 1, "metrics": [{"metric": "leads", "version": version, "pairs": [pair]}]}


def test_a_later_review_shows_the_weeks_that_were_pinned_first() -> None:
    shown = with_weeks_shown_before(document(0, 1, 2), [document(), document(0, 1), document(0)])

    assert shown == document(0, 1)


def test_weeks_that_were_never_shown_and_those_of_another_definition_are_new() -> None:
    assert with_weeks_shown_before(document(0, 1), []) == document(0, 1)
    assert with_weeks_shown_before(document(0, version=2), [document(0, 1)]) == document(
        0, version=2
    )
