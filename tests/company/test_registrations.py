"""What registers the company's experiments fits the contracts, and finds what truly happened."""

import json
from collections import defaultdict
from datetime import UTC, datetime

import pytest

from attribution.definitions import Definition, compile_definition
from attribution.evaluate import evaluate
from attribution.money import Rates
from attribution.units import Entry, UnitState
from cli.company.company import Company
from cli.company.effects import TRUE_METRICS
from cli.company.experiments import DEFAULT_EXPERIMENTS, SimulatedExperiment
from cli.company.registration import experiment_bodies, experiment_body, metric_bodies
from cli.company.shape import Shape, Trouble
from schemas.codec import decode
from schemas.currencies import MINOR_DIGITS
from schemas.events import Event
from schemas.resources import ExperimentDraft, Metric, MetricDraft

START = datetime(2024, 1, 1, tzinfo=UTC)
NOW_US = int(datetime(2025, 1, 1, tzinfo=UTC).timestamp()) * 1_000_000
MIXED = Company(3, 150, start=START, shape=Shape(trouble=Trouble(mixed=0.1)))


def metrics() -> dict[str, Metric]:
    drafts = [MetricDraft.model_validate_json(json.dumps(body)) for body in metric_bodies()]
    return {d.key: Metric(**d.model_dump(), version=1, created_at=START) for d in drafts}


def definition(experiment: SimulatedExperiment) -> Definition:
    body = json.dumps(experiment_body(MIXED, experiment))
    draft = ExperimentDraft.model_validate_json(body)
    return compile_definition(1, draft, metrics(), Rates("EUR", (), MINOR_DIGITS))


def histories() -> dict[str, list[Event]]:
    """The events by account, contacts placed where their link says."""
    events = [decode(raw, now_us=NOW_US) for raw in MIXED.truth.valid]
    home = {e.contact: e.account for e in events if e.type == "identity.linked"}
    found: defaultdict[str, list[Event]] = defaultdict(list)
    for event in events:
        found[event.account or home[event.contact] or ""].append(event)
    return found


def test_every_metric_with_a_known_effect_is_registered() -> None:
    registered = metrics()

    assert {metric.key: metric.window for metric in TRUE_METRICS}.items() <= {
        key: metric.window for key, metric in registered.items()
    }.items()


def test_every_experiment_is_registered_with_metrics_that_are() -> None:
    drafts = [
        ExperimentDraft.model_validate_json(json.dumps(body)) for body in experiment_bodies(MIXED)
    ]

    assert [draft.key for draft in drafts] == [experiment.key for experiment in DEFAULT_EXPERIMENTS]
    assert all({use.metric for use in draft.metrics} <= metrics().keys() for draft in drafts)


@pytest.mark.parametrize("experiment", DEFAULT_EXPERIMENTS, ids=lambda e: e.key)
def test_every_account_is_exposed_and_the_mixed_ones_are_those_that_met_two(
    experiment: SimulatedExperiment,
) -> None:
    compiled = definition(experiment)

    entries = {home: evaluate(compiled, home, history) for home, history in histories().items()}

    units = {home: _only_unit(entry) for home, entry in entries.items()}
    mixed = {home for home, unit in units.items() if unit.is_mixed}
    assert len(units) == MIXED.accounts
    assert mixed == MIXED.truth.mixed[experiment.key]
    assert mixed


def _only_unit(entry: Entry | None) -> UnitState:
    assert entry is not None
    assert not any(entry.strays)
    (unit,) = entry.units.values()
    return unit
