"""Whatever the order, lateness, duplication and batch split: the moments of a recomputation."""

from collections.abc import Iterable, Mapping, Sequence

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.events import Event
from tests.attribution.deliveries import Stream
from tests.attribution.histories import (
    ACCOUNTS,
    CONTACTS,
    compiled,
    deliveries,
    histories,
    questions,
)
from tests.attribution.oracle import Question, recompute

any_arrival = settings(
    max_examples=settings().max_examples,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)


@any_arrival
@given(st.data())
def test_any_arrival_gives_the_moments_of_a_recomputation(data: st.DataObject) -> None:
    asked = [data.draw(questions(number)) for number in range(data.draw(st.integers(1, 3)))]
    history = data.draw(histories())
    stream = Stream()
    stream.activate(map(compiled, asked))

    for batch in data.draw(deliveries(history)):
        stream.deliver(batch)

    assert stream.totals == recompute(asked, by_home(history))
    assert stream.entries == at_once(asked, history).entries
    assert homes_with_units(stream) <= stream.homes_of_definitions


@any_arrival
@given(st.data())
def test_a_definition_added_later_meets_the_stream_exactly(data: st.DataObject) -> None:
    standing, added, retired = (data.draw(questions(number)) for number in range(3))
    history = data.draw(histories())
    batches = data.draw(deliveries(history))
    added_before = data.draw(st.integers(0, len(batches)))
    stream = Stream()
    stream.activate(map(compiled, (standing, retired)))
    built_up_to = ""

    for number, batch in enumerate([*batches, []]):
        if number == added_before:
            stream.activate(map(compiled, (standing, added)))
        stream.deliver(batch)
        if number >= added_before:
            built_up_to = build_step(stream, added, built_up_to, data.draw(st.integers(0, 2)))
    while behind := build_step(stream, added, built_up_to, 1):
        built_up_to = behind

    assert stream.totals == recompute((standing, added), by_home(history))
    assert stream.entries == at_once((standing, added), history).entries
    assert homes_with_units(stream) <= stream.homes_of_definitions


@any_arrival
@given(st.data())
def test_moving_a_contact_moves_what_its_own_events_count_for(data: st.DataObject) -> None:
    asked = [data.draw(questions(number)) for number in range(data.draw(st.integers(1, 3)))]
    history = data.draw(histories())
    moves = st.dictionaries(st.sampled_from(CONTACTS), st.sampled_from(ACCOUNTS), max_size=2)
    settled: dict[str, str] = {}
    stream = Stream()
    stream.activate(map(compiled, asked))

    for batch in data.draw(deliveries(history)):
        moved = data.draw(moves)
        settled |= moved
        stream.deliver(batch, moved)

    assert stream.totals == recompute(asked, by_home(history, settled))
    assert stream.entries == at_once(asked, history, settled).entries
    assert homes_with_units(stream) <= stream.homes_of_definitions


def homes_with_units(stream: Stream) -> set[tuple[str, int]]:
    return {place for place, entry in stream.entries.items() if entry.units}


def build_step(stream: Stream, question: Question, after: str, limit: int) -> str:
    """Build the next homes in order; where none is left, the empty string."""
    homes = sorted(home for home in stream.states if home > after)[:limit]
    stream.build(compiled(question), homes)
    return homes[-1] if homes else after if limit == 0 else ""


def by_home(
    history: Sequence[Event], settled: Mapping[str, str] | None = None
) -> dict[str, list[Event]]:
    homes: dict[str, list[Event]] = {}
    for event in history:
        contact = event.contact or ""
        home = event.account or (settled or {}).get(contact) or f"contact:{contact}"
        homes.setdefault(home, []).append(event)
    return homes


def at_once(
    asked: Iterable[Question], history: Sequence[Event], settled: Mapping[str, str] | None = None
) -> Stream:
    """Return a stream that got everything in one batch, contacts where they ended."""
    stream = Stream(homes=dict(settled or {}))
    stream.activate(map(compiled, asked))
    stream.deliver(history)
    return stream
