"""The example mappings on the files they are for: every row accounted for, every event valid.

The figures are those published with the files. The files are no part of the repository.
"""

import csv
import gzip
import json
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from cli.replaying.mapping_file import load_mapping
from schemas.codec import decode
from schemas.events import Event
from schemas.resources import ExperimentDraft, MetricDraft
from tests.replay.small_mappings import NOW_US, raw_events

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
DATA = ROOT.parent / "shared" / "data"
LEADS = "olist_marketing_qualified_leads_dataset.csv.gz"
DEALS = "olist_closed_deals_dataset.csv"

pytestmark = pytest.mark.skipif(
    not DATA.is_dir(), reason=f"the example files are not at {DATA.name}: real data are not tested"
)


@cache
def replayed(file: str, mapping: str) -> tuple[list[Event], Counter[str]]:
    """The events of an example and its refused rows by reason; each event passed the contract."""
    rules = load_mapping(EXAMPLES / f"{mapping}.toml").mapping
    events: list[Event] = []
    raw, refused = raw_events(
        DATA / file, rules, check=lambda raw: events.append(decode(raw, now_us=NOW_US))
    )
    assert len(events) == len(raw)
    return events, Counter(row.reason for row in refused)


@cache
def known() -> dict[str, Any]:
    answers: dict[str, Any] = json.loads((DATA / "known_answers.json").read_text())
    return answers


def experiment(name: str) -> ExperimentDraft:
    return ExperimentDraft.model_validate_json((EXAMPLES / f"{name}.experiment.json").read_bytes())


def by_contact(events: list[Event], event_type: str) -> dict[str, list[Event]]:
    found: dict[str, list[Event]] = {}
    for event in events:
        if event.type == event_type and event.contact is not None:
            found.setdefault(event.contact, []).append(event)
    return found


def rows_of(file: str) -> Iterator[dict[str, str]]:
    opened = gzip.open if file.endswith(".gz") else open
    with opened(DATA / file, "rt") as content:
        yield from csv.DictReader(content)


def test_hillstrom_gives_every_customer_an_exposure_in_their_own_name() -> None:
    events, refused = replayed("hillstrom.csv.gz", "hillstrom")
    exposures = [event for event in events if event.type == "experiment.exposure"]

    arms = Counter(event.data["variant"] for event in exposures)
    assert refused == Counter()
    assert len({event.contact for event in exposures}) == 64_000
    assert [arms["none"], arms["mens"], arms["womens"]] == known()["hillstrom"]["srm_equal"][
        "counts"
    ]
    assert all(event.data["time_synthesized"] is True for event in events)


@pytest.mark.parametrize(
    ("arm", "name"),
    [("none", "No E-Mail"), ("mens", "Mens E-Mail"), ("womens", "Womens E-Mail")],
)
def test_hillstrom_gives_the_known_outcomes_of_each_arm(arm: str, name: str) -> None:
    events, _ = replayed("hillstrom.csv.gz", "hillstrom")
    answers = known()["hillstrom"]["per_arm"][name]
    exposed = {e.contact: e.time_us for e in events if e.data.get("variant") == arm}

    mine = [e for e in events if e.contact in exposed]
    purchases = [e for e in mine if e.type == "deal.won" and e.time_us >= exposed[e.contact]]
    visits = [e for e in mine if e.type == "engagement.page.viewed"]
    assert len(visits) == answers["visit"]["sum"]
    assert len(purchases) == answers["conversion"]["sum"]
    assert sum(e.amount or 0 for e in purchases) == round(answers["spend"]["sum"] * 100)
    two_weeks = 14 * 86_400_000_000
    assert all(0 <= e.time_us - exposed[e.contact] < two_weeks for e in (*visits, *purchases))


def test_hillstrom_carries_what_was_spent_before_as_its_covariate() -> None:
    events, _ = replayed("hillstrom.csv.gz", "hillstrom")
    exposed = {e.contact: e.time_us for e in events if e.type == "experiment.exposure"}
    (use,) = [use for use in experiment("hillstrom").metrics if use.covariate]
    assert use.covariate is not None

    history = [e for e in events if e.type == "deal.won" and e.time_us < exposed[e.contact]]
    delivered = {
        f"customer-{number}": row["history"]
        for number, row in enumerate(rows_of("hillstrom.csv.gz"), start=1)
    }
    assert {e.contact: e.amount for e in history} == {
        customer: round(float(amount) * 100) for customer, amount in delivered.items()
    }
    longest = use.covariate.total_seconds() * 1e6
    assert all(exposed[e.contact] - e.time_us <= longest for e in history)


def test_ab_data_refuses_the_rows_whose_page_does_not_fit_their_group() -> None:
    _, refused = replayed("ab_data.csv.gz", "ab_data")
    answers = known()["ab_landing_udacity"]

    assert refused == {
        "landing_page does not fit group: control with new_page": 1_928,
        "landing_page does not fit group: treatment with old_page": 1_965,
    }
    assert sum(refused.values()) == answers["mismatched"] == 3_893


def test_ab_data_cleaned_gives_the_known_units_and_conversions() -> None:
    events, _ = replayed("ab_data.csv.gz", "ab_data")
    answers = known()["ab_landing_udacity"]["clean"]
    exposures = by_contact(events, "experiment.exposure")
    converted = by_contact(events, "engagement.form.submitted").keys()

    arms = {who: {e.data["variant"] for e in seen} for who, seen in exposures.items()}
    assert all(len(variants) == 1 for variants in arms.values())
    for arm, key in (("control", "control"), ("treatment", "treat")):
        units = {who for who, variants in arms.items() if variants == {arm}}
        assert len(units) == answers[key]["n"]
        assert len(units & converted) == answers[key]["x"]


def test_ab_data_exposes_the_one_user_who_came_twice_a_second_time() -> None:
    events, _ = replayed("ab_data.csv.gz", "ab_data")

    exposures = by_contact(events, "experiment.exposure")

    assert [who for who, seen in exposures.items() if len(seen) > 1] == ["user-773192"]
    assert len({e.id for e in exposures["user-773192"]}) == 2


@pytest.mark.parametrize(
    ("field", "answer", "mixed"),
    [("page", "users_in_two_pages", 1_998), ("group", "users_in_both_groups", 1_895)],
)
def test_ab_data_as_delivered_shows_the_users_who_met_both(
    field: str, answer: str, mixed: int
) -> None:
    events, refused = replayed("ab_data.csv.gz", "ab_data_as_delivered")

    met = by_contact(events, "engagement.page.viewed")

    twice = [who for who, seen in met.items() if len({e.data[field] for e in seen}) == 2]
    assert refused == Counter()
    assert sum(len(seen) for seen in met.values()) == 294_478
    assert len(twice) == known()["ab_landing_udacity"][answer] == mixed


def test_olist_leads_keep_an_empty_origin_apart_from_an_unknown_one() -> None:
    leads, refused = replayed(LEADS, "olist_leads")
    answers = known()["olist_b2b_funnel"]["by_origin"]

    by_channel = Counter(event.channel for event in leads)
    assert refused == Counter()
    assert len(leads) == len({event.account for event in leads}) == 8_000
    assert (by_channel[None], by_channel["unknown"]) == (60, 1_099)
    groups = Counter(event.data["origin_group"] for event in leads)
    assert groups.pop("not recorded") == answers["(null)"][1]
    assert groups == {name: row[1] for name, row in answers.items() if name != "(null)"}


def test_olist_deals_belong_to_the_accounts_of_their_leads() -> None:
    leads, _ = replayed(LEADS, "olist_leads")
    deals, refused = replayed(DEALS, "olist_deals")
    answers = known()["olist_b2b_funnel"]["by_origin"]
    lead_of = {event.account: event for event in leads}

    won = Counter(lead_of[event.account].data["origin_group"] for event in deals)

    assert refused == Counter()
    assert len(deals) == 842
    assert won.pop("not recorded") == answers["(null)"][0]
    assert won == {name: row[0] for name, row in answers.items() if name != "(null)"}
    early = [e for e in deals if e.time_us < lead_of[e.account].time_us]
    assert len(early) == known()["olist_b2b_funnel"]["won_before_contact"]


def test_olist_events_carry_no_identifier_of_staff() -> None:
    deals, _ = replayed(DEALS, "olist_deals")

    staff = {row[name] for row in rows_of(DEALS) for name in ("seller_id", "sdr_id", "sr_id")}
    sent = {str(value) for event in deals for value in (*event.data.values(), event.contact)}
    assert len(staff) > 800
    assert not staff & sent


@pytest.mark.parametrize(
    ("file", "mapping", "registered"),
    [
        ("hillstrom.csv.gz", "hillstrom", "hillstrom"),
        ("ab_data.csv.gz", "ab_data", "ab_data"),
        ("ab_data.csv.gz", "ab_data_as_delivered", "ab_data_as_delivered"),
        ("ab_data.csv.gz", "ab_data_as_delivered", "ab_data_as_delivered_by_group"),
        (LEADS, "olist_leads", "olist_leads"),
    ],
)
def test_an_experiment_lasts_from_its_first_exposure_to_its_last(
    file: str, mapping: str, registered: str
) -> None:
    events, _ = replayed(file, mapping)
    draft = experiment(registered)
    exposing = (
        "experiment.exposure"
        if draft.exposure.kind == "assignment"
        else draft.exposure.filter.types[0]
    )

    times = [e.time_us for e in events if e.type == exposing]
    units = {
        e.contact if draft.unit == "contact" else e.account for e in events if e.type == exposing
    }
    assert draft.ends_at is not None
    assert draft.starts_at.timestamp() * 1e6 <= min(times)
    assert max(times) < draft.ends_at.timestamp() * 1e6
    assert draft.planned_units == len(units)


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.experiment.json")), ids=lambda p: p.stem)
def test_an_experiment_uses_metrics_that_its_example_registers(path: Path) -> None:
    draft = ExperimentDraft.model_validate_json(path.read_bytes())

    registered = {
        MetricDraft.model_validate_json(json.dumps(body)).key
        for metrics in EXAMPLES.glob("*.metrics.json")
        for body in json.loads(metrics.read_text())
    }
    assert {use.metric for use in draft.metrics} <= registered
