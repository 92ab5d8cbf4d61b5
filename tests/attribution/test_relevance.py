"""What a build reads of a history: little of it, and enough for the entry of the whole."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from attribution.backfill import ReadHistory, build_in, evaluate_read
from attribution.evaluate import evaluate
from attribution.history_need import HistoryNeed, history_need
from attribution.increments import Increments
from attribution.relevance import Relevance, relevance_of
from attribution.units import HomeState, pack
from schemas.codec import encode
from schemas.events import Event
from schemas.resources import EventFilter, Measure, MetricKind
from tests.attribution.company import (
    HOUR_US,
    STARTS_US,
    defined,
    experiment,
    exposure,
    metric,
)
from tests.attribution.histories import compiled, histories, metrics, questions
from tests.attribution.oracle import Question

ALWAYS = frozenset({"type", "time_us"})


def relevance(question: Question) -> Relevance:
    return relevance_of(compiled(question), question.experiment, question.metrics)


def read_by(known: Relevance, history: Sequence[Event]) -> ReadHistory:
    """What the statements read, done event by event."""
    read = ReadHistory()
    for event in history:
        if known.whole.names(event.type):
            naming = known.naming_in_whole
            if (
                naming is None
                or event.type != "experiment.exposure"
                or naming.encode() in encode(event)
            ):
                read.events.append(told(event, known.whole_fields))
        elif known.timely.names(event.type) and known.from_us <= event.time_us < known.until_us:
            if known.counts_times:
                read.times.append((event.type, [event.time_us]))
            else:
                read.events.append(told(event, known.timely_fields))
    return read


def told(event: Event, fields: frozenset[str]) -> Event:
    values: dict[str, Any] = {
        name: getattr(event, name) for name in Event.__struct_fields__ if name in fields | ALWAYS
    }
    return Event(**({"source": "", "id": ""} | values))


@given(st.data())
def test_what_is_read_gives_the_entry_of_the_whole_history(data: st.DataObject) -> None:
    question = data.draw(questions(0))
    history = data.draw(histories())
    definition, known = compiled(question), relevance(question)

    entry = evaluate_read(definition, "acme", read_by(known, history))

    assert entry == evaluate(definition, "acme", history)
    exposing = [event for event in history if definition.exposure.is_exposure(event)]
    assert all(known.exposing.names(event.type) for event in exposing)
    assert known.naming is None or all(known.naming.encode() in encode(e) for e in exposing)


@given(st.data())
def test_what_several_definitions_need_gives_each_its_entry(data: st.DataObject) -> None:
    definitions = [compiled(data.draw(questions(number))) for number in range(2)]
    history = data.draw(histories())

    need = history_need(definitions)
    part = [
        event
        for event in history
        if event.type.split(".")[0] in need.whole
        or (event.type.split(".")[0] in need.timely and event.time_us >= need.from_us)
    ]

    for definition in definitions:
        assert evaluate(definition, "acme", part) == evaluate(definition, "acme", history)


def test_visits_from_before_the_covariate_are_not_needed_and_assignments_always_are() -> None:
    need = history_need([defined(metric(MetricKind.COUNT), covariate_hours=2)])

    assert need == HistoryNeed(("experiment",), ("lead",), STARTS_US - 2 * HOUR_US)


counts = st.builds(
    lambda types, kind: (types, kind),
    st.sampled_from((("engagement.*",), ("deal.won", "engagement.page.viewed"))),
    st.sampled_from((MetricKind.COUNT, MetricKind.CONVERSION, MetricKind.RATIO)),
)


@settings(max_examples=max(10, settings().max_examples // 2))
@given(st.data())
def test_where_events_only_count_their_times_are_enough(data: st.DataObject) -> None:
    types, kind = data.draw(counts)
    drawn = data.draw(questions(0))
    plain = Measure(filter=EventFilter(types=types))
    other = Measure(filter=EventFilter(types=("engagement.email.*",)))
    counting = data.draw(metrics("m0")).model_copy(
        update={
            "kind": kind,
            "measure": plain,
            "denominator": other if kind is MetricKind.RATIO else None,
        }
    )
    uses = (drawn.experiment.metrics[0].model_copy(update={"cap": None}),)
    draft = drawn.experiment.model_copy(update={"unit": "account", "metrics": uses})
    question = replace(drawn, experiment=draft, metrics={"m0": counting})
    history = data.draw(histories())
    known = relevance(question)

    read = read_by(known, history)
    entry = evaluate_read(compiled(question), "acme", read)

    assert known.counts_times
    assert all(known.whole.names(event.type) for event in read.events)
    assert entry == evaluate(compiled(question), "acme", history)


def test_a_metric_of_leads_reads_the_assignments_to_its_experiment_and_when_leads_came() -> None:
    leads = metric(MetricKind.COUNT)
    draft = experiment(leads.key, covariate_hours=2)

    known = relevance_of(defined(leads, covariate_hours=2), draft, {leads.key: leads})

    assert known.exposing.families == ("experiment",)
    assert known.naming_in_whole == '"call-first"'
    assert known.whole_fields == {"source", "id", "data"}
    assert (known.timely.exact, known.timely.families) == (("lead.accepted",), ("lead",))
    assert known.counts_times
    assert known.from_us == STARTS_US - 2 * HOUR_US


def test_an_assignment_to_another_experiment_is_read_where_a_metric_counts_assignments() -> None:
    met = metric(MetricKind.COUNT, ("experiment.*",))
    definition = defined(met)
    history = [exposure("mail", 1), exposure("call", 2, data={"experiment": "other"})]

    known = relevance_of(definition, experiment(met.key), {met.key: met})

    assert known.naming_in_whole is None
    assert evaluate_read(definition, "acme", read_by(known, history)) == evaluate(
        definition, "acme", history
    )


def test_what_was_built_already_and_is_built_again_changes_no_sum() -> None:
    definition = defined()
    read = ReadHistory(
        events=[exposure("mail", 1)], times=[("lead.accepted", [STARTS_US + 2 * HOUR_US])]
    )
    first, again = Increments(), Increments()

    packed = build_in(definition, "acme", pack(HomeState(entries={})), read, first)
    assert packed is not None
    assert build_in(definition, "acme", packed, read, again) == packed

    assert [cell.moments.sum_y for cell in first.cells.values()] == [1]
    assert (again.cells, again.cohorts, again.homes) == ({}, {}, [])
    assert len(read) == 2


def test_a_home_that_nothing_met_keeps_its_state() -> None:
    read = ReadHistory(times=[("lead.accepted", [STARTS_US])])

    assert build_in(defined(), "acme", pack(HomeState(entries={})), read, Increments()) is None
