"""Measures the pure core on one core: events a second through `needs_history` and `fold`.

    python -m benchmarks.attribution [--profile]

States are unpacked and packed for every batch, as the worker does; the database is two dicts. Of
the experiments every second is assigned, the others match a campaign, two of them the same one.
Each has three metrics with a covariate, so that an event reaches about two experiments.
"""

import argparse
import cProfile
import pstats
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from rich.console import Console
from rich.table import Table

from attribution.definitions import Definition, compile_definition
from attribution.fold import HomeBatch, fold, needs_history
from attribution.index import DefinitionIndex
from attribution.money import Rate, Rates
from attribution.units import unpack
from schemas.currencies import MINOR_DIGITS
from schemas.events import Event
from schemas.resources import (
    AssignmentExposure,
    Condition,
    EventFilter,
    ExperimentDraft,
    ExposureRule,
    MatchingExposure,
    Measure,
    Metric,
    MetricKind,
    MetricUse,
    Side,
    Variant,
)

STARTS_AT = datetime(2025, 3, 1, tzinfo=UTC)
STARTS_US = int(STARTS_AT.timestamp()) * 1_000_000
DAY_US = 86_400_000_000
VIEWED = "engagement.page.viewed"
DEALS = ("deal.created", "deal.amount_changed", "deal.won")


@dataclass
class Company:
    """What stands in for the database, and what was measured."""

    states: dict[str, bytes] = field(default_factory=dict)
    log: dict[str, list[Event]] = field(default_factory=dict)
    seconds: float = 0.0
    histories: int = 0
    cells: int = 0


def main() -> None:
    """Generate the company, fold its events and print a table."""
    arguments = _arguments()
    index = DefinitionIndex(_definitions(arguments.experiments))
    events = list(_events(arguments))
    company = Company()
    profile = cProfile.Profile(time.process_time) if arguments.profile else None
    for start in range(0, len(events), arguments.batch):
        _apply(company, index, events[start : start + arguments.batch], profile)
    _print(company, index, events)
    if profile is not None:
        pstats.Stats(profile).sort_stats("tottime").print_stats(25)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--accounts", type=int, default=20_000)
    parser.add_argument("--experiments", type=int, default=200)
    parser.add_argument("--batch", type=int, default=5_000)
    parser.add_argument("--profile", action="store_true", help="show where the time goes")
    return parser.parse_args()


def _apply(
    company: Company,
    index: DefinitionIndex,
    events: Sequence[Event],
    profile: cProfile.Profile | None,
) -> None:
    by_home: dict[str, list[Event]] = {}
    for event in events:
        by_home.setdefault(event.account or "", []).append(event)
        company.log.setdefault(event.account or "", []).append(event)
    if profile is not None:
        profile.enable()
    begin = time.process_time()
    _fold(company, index, by_home)
    company.seconds += time.process_time() - begin
    if profile is not None:
        profile.disable()


def _fold(company: Company, index: DefinitionIndex, by_home: dict[str, list[Event]]) -> None:
    batches = {}
    for home, events in by_home.items():
        packed = company.states.get(home)
        wanted = packed is not None and needs_history(index, home, packed, events)
        company.histories += wanted
        batches[home] = HomeBatch(packed, events, company.log[home] if wanted else None)
    folded = fold(index, batches)
    company.states.update(folded.states)
    company.cells += len(folded.increments.cells)


def _definitions(count: int) -> list[Definition]:
    metrics = {metric.key: metric for metric in _metrics()}
    rates = Rates("EUR", [Rate("USD", date(2025, 1, 1), Decimal("0.92"))], MINOR_DIGITS)
    return [
        compile_definition(number, _experiment(number, metrics), metrics, rates)
        for number in range(count)
    ]


def _metrics() -> list[Metric]:
    return [
        _metric("accepted", MetricKind.CONVERSION, Measure(filter=_of("lead.accepted"))),
        _metric("seconds", MetricKind.SUM, Measure(filter=_of(VIEWED), value="data.seconds")),
        _metric("value", MetricKind.LATEST_DEAL_VALUE, Measure(filter=_of("deal.*"))),
    ]


def _metric(key: str, kind: MetricKind, measure: Measure) -> Metric:
    return Metric(
        key=key,
        name=key,
        meaning=key,
        owner=Side.SALES,
        kind=kind,
        measure=measure,
        window=timedelta(days=90),
        version=1,
        created_at=STARTS_AT,
    )


def _of(name: str, *where: Condition) -> EventFilter:
    return EventFilter(types=(name,), where=where)


def _experiment(number: int, metrics: dict[str, Metric]) -> ExperimentDraft:
    return ExperimentDraft(
        key=f"experiment-{number}",
        name="measured",
        hypothesis="measured",
        owner=Side.MARKETING,
        variants=(Variant(key="a", control=True), Variant(key="b")),
        exposure=_exposure(number),
        metrics=tuple(MetricUse(metric=key, covariate=timedelta(days=30)) for key in metrics),
        starts_at=STARTS_AT,
        planned_units=1_000,
    )


def _exposure(number: int) -> ExposureRule:
    if number % 2 == 0:
        return AssignmentExposure()
    campaign = Condition(field="campaign", value=f"campaign-{number // 4}")
    return MatchingExposure(filter=_of("engagement.email.sent", campaign), variant_from="content")


def _events(arguments: argparse.Namespace) -> Iterator[Event]:
    """Yield a mail to every account, then what they do, nearly in order of time."""
    draw = random.Random(20_250_301)  # the same company in every run
    accounts = [f"account-{number}" for number in range(arguments.accounts)]
    step_us = 60 * DAY_US // arguments.events
    for number in range(arguments.events):
        late_us = DAY_US if draw.random() < 0.1 else 0
        stamp: dict[str, Any] = {
            "source": "measured",
            "id": str(number),
            "time_us": STARTS_US + max(0, number * step_us - late_us),
        }
        if number < arguments.accounts:
            yield _mail(draw, arguments.experiments, {**stamp, "account": accounts[number]})
        else:
            account = draw.choice(accounts)
            yield _deed(draw, arguments.experiments, {**stamp, "account": account})


def _mail(draw: random.Random, experiments: int, stamp: dict[str, Any]) -> Event:
    campaign = f"campaign-{draw.randrange(experiments // 4)}"
    content = draw.choice("ab")
    return Event(type="engagement.email.sent", campaign=campaign, content=content, **stamp)


def _deed(draw: random.Random, experiments: int, stamp: dict[str, Any]) -> Event:
    """One thing an account does; one in ten is an exposure to an assigned experiment."""
    chance = draw.random()
    if chance < 0.1:
        experiment = f"experiment-{2 * draw.randrange(experiments // 2)}"
        data = {"experiment": experiment, "variant": draw.choice("ab")}
        return Event(type="experiment.exposure", data=data, **stamp)
    if chance < 0.2:
        return Event(type="lead.accepted", **stamp)
    if chance < 0.3:
        money = {"amount": draw.randrange(10**6), "currency": draw.choice(("EUR", "USD"))}
        return Event(type=draw.choice(DEALS), deal=f"deal-{stamp['account']}", **money, **stamp)
    return Event(type=VIEWED, data={"seconds": draw.randrange(600)}, **stamp)


def _reached(company: Company, index: DefinitionIndex) -> float:
    """Experiments that an event reaches: it exposes to them, or is within one of their metrics."""
    reached = 0
    for home, packed in company.states.items():
        entries = unpack(packed).entries
        for event in company.log[home]:
            found = {definition.id for definition in index.exposable(event)}
            found |= {key for key in entries if index.by_id[key].metrics_by_type[event.type]}
            reached += len(found)
    return reached / sum(map(len, company.log.values()))


def _print(company: Company, index: DefinitionIndex, events: Sequence[Event]) -> None:
    table = Table("measured", "", title="The pure core on one core")
    table.columns[1].justify = "right"
    sizes = [len(packed) for packed in company.states.values()]
    rows = {
        "events": f"{len(events):,}",
        "homes": f"{len(company.states):,}",
        "active experiments": f"{len(index.by_id):,}",
        "experiments an event reaches": f"{_reached(company, index):.2f}",
        "histories read": f"{company.histories:,}",
        "increments of cells": f"{company.cells:,}",
        "mean bytes of a state": f"{sum(sizes) / len(sizes):,.0f}",
        "seconds of processor": f"{company.seconds:.2f}",
        "events/s": f"{len(events) / company.seconds:,.0f}",
    }
    for name, value in rows.items():
        table.add_row(name, value)
    Console().print(table)


if __name__ == "__main__":
    main()
