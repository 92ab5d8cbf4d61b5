"""Every event of a metric's types has one fate; the counted ones add up to the outcomes."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import pytest

from attribution.definitions import Definition
from attribution.evaluate import evaluate
from attribution.fates import Fate, Fates, note_fates
from schemas.events import Event
from schemas.resources import MetricKind
from tests.attribution.company import defined, event, exposure, metric, outcome

HOME = "acme.example"


def fates_of(definition: Definition, *events: Event) -> Fates:
    found = Fates()
    note_fates(found, definition, 0, evaluate(definition, HOME, events), events)
    return found


def of_units(found: Fates) -> dict[str, int]:
    return {fate.value: n for (variant, fate), n in found.events.items() if variant is not None}


def won(hour: float, deal: str = "d1", amount: int = 100_00) -> Event:
    return event("deal.won", hour, deal=deal, amount=amount, currency="EUR")


def lost(hour: float, deal: str = "d1") -> Event:
    return event("deal.lost", hour, deal=deal)


DEALS = metric(MetricKind.LATEST_DEAL_VALUE, ("deal.*",))


@pytest.mark.parametrize(
    ("deals", "fates"),
    [
        ([won(2)], {"counted": 1}),
        ([won(2), lost(3)], {"repeated": 2}),
        ([lost(2), won(3)], {"repeated": 1, "counted": 1}),
        ([won(2), won(3, amount=50_00)], {"repeated": 1, "counted": 1}),
        ([won(2), won(2.5, "d2")], {"counted": 2}),
        ([won(0.5)], {"before_exposure": 1}),
        (
            [won(2, amount=100_00), event("deal.opened", 1.5, deal="d1")],
            {"counted": 1, "repeated": 1},
        ),
    ],
)
def test_of_a_deal_the_event_that_settles_it_counts(
    deals: Sequence[Event], fates: dict[str, int]
) -> None:
    definition = defined(DEALS)
    events = [exposure("mail"), *deals]

    found = fates_of(definition, *events)

    assert of_units(found) == fates
    assert sum(found.values.values()) == outcome(definition, *events).moments.sum_y


@pytest.mark.parametrize("kind", [MetricKind.COUNT, MetricKind.SUM, MetricKind.CONVERSION])
@pytest.mark.parametrize("hours", list(product([0.5, 2, 500], repeat=3)))
def test_what_counted_events_add_up_to_is_the_outcome(
    kind: MetricKind, hours: tuple[float, float, float]
) -> None:
    value = {"value": "data.score"} if kind is MetricKind.SUM else {}
    definition = defined(metric(kind, **value))
    accepted = [event("lead.accepted", hour, data={"score": n + 1}) for n, hour in enumerate(hours)]
    events = [exposure("mail"), *accepted]

    found = fates_of(definition, *events)

    counted = found.events.get((_variant_of(found), Fate.COUNTED), 0)
    total = sum(found.values.values()) if kind is MetricKind.SUM else counted
    assert total == outcome(definition, *events).moments.sum_y
    assert found.total == 3


def _variant_of(found: Fates) -> int | None:
    return next((variant for variant, _ in found.events if variant is not None), None)


def test_events_of_nobody_who_was_exposed_are_told_from_those_that_do_not_match() -> None:
    definition = defined(metric(MetricKind.SUM, value="data.score"))

    found = fates_of(definition, event("lead.accepted", 2, data={"score": 1}))

    assert found.events == {(None, Fate.NOT_EXPOSED): 1}


def test_a_number_that_cannot_be_read_has_its_own_fate() -> None:
    definition = defined(metric(MetricKind.SUM, value="data.score"))

    found = fates_of(
        definition, exposure("mail"), event("lead.accepted", 2, data={"score": "many"})
    )

    assert of_units(found) == {"unreadable": 1}


def test_before_the_exposure_a_covariate_is_told_from_what_is_of_no_use() -> None:
    definition = defined(metric(MetricKind.COUNT), covariate_hours=2)
    events = [event("lead.accepted", hour) for hour in (-1.5, 0.5)]

    found = fates_of(definition, exposure("mail"), *events)

    assert of_units(found) == {"before_exposure": 1, "covariate": 1}
