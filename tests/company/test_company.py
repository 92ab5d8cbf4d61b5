"""A simulated company: the same for a seed, valid but for what is meant to be broken, counted."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import cache

import pytest

from cli.company.broken import BROKEN_KINDS, BrokenKind, break_event
from cli.company.company import Company
from cli.company.experiments import SimulatedExperiment, SimulatedVariant
from cli.company.shape import CALM, DAY_US, HOUR_US, Funnel, Shape
from schemas.codec import decode
from schemas.events import Event, InvalidEvent
from schemas.gate import GateRules, normalise

START = datetime(2024, 1, 1, tzinfo=UTC)
NOW_US = int(datetime(2025, 1, 1, tzinfo=UTC).timestamp()) * 1_000_000


@cache
def company() -> Company:
    return Company(11, 60, start=START)


@cache
def happened() -> tuple[Event, ...]:
    return tuple(decode(raw, now_us=NOW_US) for raw in company().truth.valid)


def test_the_same_seed_gives_the_same_events_byte_for_byte() -> None:
    again = Company(11, 60, start=START)

    assert list(again.events()) == list(company().events())


def test_another_seed_gives_other_events_under_other_ids() -> None:
    other = Company(12, 60, start=START)

    ids = {(event.source, event.id) for event in happened()}
    other_ids = {
        (event.source, event.id)
        for event in (decode(raw, now_us=NOW_US) for raw in other.truth.valid)
    }
    assert not ids & other_ids


def test_more_accounts_change_nothing_for_those_that_are_there() -> None:
    larger = Company(11, 70, start=START)

    assert set(company().truth.valid) < set(larger.truth.valid)


def test_every_distinct_event_passes_the_contract_and_the_gate_as_it_is() -> None:
    rules = GateRules(hash_key=b"only for this test")

    for event in happened():
        assert normalise(event, rules) == event


def test_no_id_is_given_twice_by_its_source() -> None:
    counts = Counter((event.source, event.id) for event in happened())

    assert set(counts.values()) == {1}


def test_everything_happens_inside_the_period() -> None:
    start_us = int(START.timestamp()) * 1_000_000

    assert all(start_us <= event.time_us < start_us + 180 * DAY_US for event in happened())


def test_every_kind_of_event_of_a_campaign_and_a_sale_occurs() -> None:
    larger = Company(11, 400, start=START, days=400)

    types = {decode(raw, now_us=NOW_US + 400 * DAY_US).type for raw in larger.truth.valid}

    assert types == {
        "experiment.exposure",
        *(
            f"engagement.email.{what}"
            for what in ("sent", "delivered", "bounced", "opened", "clicked", "unsubscribed")
        ),
        "engagement.page.viewed",
        "engagement.form.submitted",
        "engagement.event.registered",
        "engagement.event.attended",
        "engagement.meeting.booked",
        "engagement.meeting.held",
        *(f"lead.{what}" for what in ("created", "qualified", "accepted", "rejected")),
        *(
            f"deal.{what}"
            for what in ("created", "stage_changed", "amount_changed", "won", "lost", "reopened")
        ),
        "identity.linked",
    }


def test_what_is_handed_over_is_what_happened_plus_the_counted_trouble() -> None:
    truth = company().truth

    handed_over = Counter(company().events())

    valid = set(truth.valid)
    broken = Counter(event.raw for event in truth.broken)
    assert handed_over.total() == truth.events
    assert set(handed_over) == valid | set(broken)
    assert sum(handed_over[raw] - 1 for raw in valid) == truth.duplicates > 0
    assert all(handed_over[raw] == count for raw, count in broken.items())


def test_events_are_handed_over_in_order_and_never_before_they_happened() -> None:
    deliveries = list(company().deliveries())
    times = dict(zip(company().truth.valid, (e.time_us for e in happened()), strict=True))

    moments = [delivery.at_us for delivery in deliveries]

    assert moments == sorted(moments)
    assert all(d.at_us >= times[d.raw] for d in deliveries if d.raw in times)


def test_late_and_disordered_events_are_counted() -> None:
    times = dict(zip(company().truth.valid, (e.time_us for e in happened()), strict=True))
    first: dict[bytes, int] = {}
    for delivery in company().deliveries():
        first.setdefault(delivery.raw, delivery.at_us)

    over_an_hour = sum(first[raw] - time_us > HOUR_US for raw, time_us in times.items())
    latest, disordered = 0, 0
    for raw in first:  # in the order in which they were first handed over
        if raw in times:
            disordered += times[raw] < latest
            latest = max(latest, times[raw])

    truth = company().truth
    # A late event is later than an hour in all but about 1 of 200 cases (log-normal, median 20 h).
    assert 0.9 * truth.late < over_an_hour <= truth.late
    assert disordered == truth.out_of_order > 0


def test_without_trouble_every_event_arrives_once_when_it_happens() -> None:
    calm = Company(11, 30, start=START, shape=Shape(trouble=CALM))

    deliveries = list(calm.deliveries())

    times = [decode(delivery.raw, now_us=NOW_US).time_us for delivery in deliveries]
    assert times == [delivery.at_us for delivery in deliveries]
    assert len(deliveries) == len(calm.truth.valid)
    assert (calm.truth.late, calm.truth.duplicates, calm.truth.out_of_order) == (0, 0, 0)
    assert calm.truth.broken == ()


@pytest.mark.parametrize("kind", BROKEN_KINDS, ids=lambda kind: kind.name)
def test_a_broken_event_breaks_the_rule_that_is_known_of_it(kind: BrokenKind) -> None:
    broken = break_event(company().truth.valid[0], 1, kind)

    with pytest.raises(InvalidEvent) as refusal:
        decode(broken.raw, now_us=NOW_US)

    assert (refusal.value.field, refusal.value.rule) == (kind.field, kind.rule)


def test_every_kind_of_broken_event_occurs() -> None:
    assert {event.kind for event in company().truth.broken} == set(BROKEN_KINDS)


def test_scanners_open_and_click_every_mail_within_seconds() -> None:
    delivered, opened_at = Counter[str](), dict[tuple[str, str], int]()
    fast = Counter[str]()
    for event in sorted(happened(), key=lambda event: event.time_us):
        key = (event.contact or "", event.data.get("message", ""))
        if event.type == "engagement.email.delivered":
            delivered[key[0]] += 1
            opened_at[key] = event.time_us
        elif (
            event.type == "engagement.email.clicked" and event.time_us - opened_at[key] <= 2_000_000
        ):
            fast[key[0]] += 1

    scanners = [contact for contact, count in delivered.items() if fast[contact] == count]

    assert len(scanners) == company().truth.bots > 0


def test_a_contact_is_nobody_s_until_the_link_says_whose() -> None:
    linked = {e.contact: e for e in happened() if e.type == "identity.linked"}
    of_linked = [e for e in happened() if e.contact in linked]

    before = [e for e in of_linked if e.time_us < linked[e.contact].time_us]
    after = [e for e in of_linked if e.time_us >= linked[e.contact].time_us]

    assert len(linked) == company().truth.linked_late > 0
    assert before
    assert all(e.account is None for e in before)
    assert all(e.account == linked[e.contact].account for e in after)


def test_sizes_of_accounts_are_skewed_as_companies_are() -> None:
    sizes = sorted(Counter(_account_of(contact) for contact in _contacts(company())).values())

    median = sizes[len(sizes) // 2]
    assert sum(sizes) / len(sizes) > median
    assert sizes[-1] >= 3 * median


def test_deals_take_weeks_to_months() -> None:
    won = {e.account: e.time_us for e in happened() if e.type in {"deal.won", "deal.lost"}}
    first_met = {
        e.account: e.time_us for e in reversed(happened()) if e.type == "experiment.exposure"
    }

    days = sorted((won[account] - first_met[account]) / DAY_US for account in won)

    assert len(days) >= 5
    assert days[0] > 7
    assert days[len(days) // 2] > 20


def test_effects_that_leave_no_probability_are_refused() -> None:
    impossible = SimulatedExperiment(
        key="too-good",
        name="Too good",
        hypothesis="More than everybody becomes a lead.",
        variants=(
            SimulatedVariant(key="a", control=True),
            SimulatedVariant(key="b", lead_effect=0.8),
        ),
    )

    with pytest.raises(ValueError, match="add up to a probability"):
        list(Company(1, 20, [impossible], start=START).events())


def test_stages_out_of_order_are_refused() -> None:
    with pytest.raises(ValueError, match="follow each other"):
        Funnel(lead_at=0.5)


def test_a_period_is_as_long_as_asked_for() -> None:
    short = Company(1, 5, start=START, days=30)

    assert short.period.length_us == timedelta(days=30) // timedelta(microseconds=1)


def _contacts(of: Company) -> set[str]:
    decoded = (decode(raw, now_us=NOW_US) for raw in of.truth.valid)
    return {event.contact for event in decoded if event.contact is not None}


def _account_of(contact: str) -> str:
    return contact.rpartition("-")[0]
