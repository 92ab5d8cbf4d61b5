"""The checks over HTTP, against a log that holds what they should find."""

from typing import Any

import psycopg
import pytest

from attribution.units import Entry, HomeState, MetricSums, UnitState, pack
from tests.api.conftest import Registry
from tests.api.past_events import past_event, store
from tests.api.resources import experiment, metric

pytestmark = pytest.mark.stack

ADDRESS = "/v1/experiments/spring-mail/checks"
DOWNLOAD = "engagement.content.downloaded"
SENT = "engagement.email.sent"
BY_CONTENT = {
    "kind": "matching",
    "filter": {"types": [SENT], "where": [{"field": "campaign", "value": "spring"}]},
    "variant_from": "content",
}


def checked(registry: Registry, **changes: Any) -> Any:
    registry.client.post("/v1/metrics", json=metric())
    registry.client.post("/v1/experiments", json=experiment(**changes))
    answer = registry.client.get(ADDRESS)
    assert answer.status_code == 200, answer.text
    return answer.json()


def rules(found: Any) -> set[tuple[str, str]]:
    return {(finding["rule"], finding["field"]) for finding in found["findings"]}


def test_a_rule_is_held_against_the_last_thirty_days_by_variant(registry: Registry) -> None:
    def sent(number: int, content: str, days_ago: float = 3, campaign: str = "spring") -> Any:
        fields = {"content": content, "campaign": campaign}
        return past_event(f"account-{number}", SENT, days_ago=days_ago, **fields)

    store(
        registry.database,
        [sent(n, "plain" if n % 2 else "question") for n in range(10)]
        + [sent(n, "other") for n in range(3)]
        + [sent(n, "plain", days_ago=31) for n in range(50, 60)]
        + [sent(n, "plain", campaign="autumn") for n in range(60, 70)],
    )

    found = checked(registry, exposure=BY_CONTENT)

    assert found["exposure"] == {
        "one_account_in": 1,
        "events": 13,
        "accounts": 10,
        "by_variant": {"plain": 5, "question": 5},
        "unknown_variant": 3,
    }
    assert ("unknown_variant", "exposure.variant_from") in rules(found)
    assert ("without_events", "metrics.guide-downloads") in rules(found)


def test_a_rule_that_nothing_matches_is_told_of(registry: Registry) -> None:
    found = checked(registry, exposure=BY_CONTENT)

    assert ("matches_nothing", "exposure") in rules(found)
    assert found["exposure"]["accounts"] is None


def test_the_chance_to_conclude_comes_from_the_house_s_own_past(registry: Registry) -> None:
    # 400 accounts got a mail 20 to 40 days ago; every tenth downloaded the guide 5 days later,
    # and another tenth three weeks later, when the window of two weeks had passed.
    def mails(number: int) -> list[Any]:
        days_ago = 20 + number % 20
        account = f"account-{number}"
        first = past_event(account, SENT, days_ago=days_ago, campaign="spring", content="plain")
        answered = {0: 5, 1: 21}.get(number % 10)
        if answered is None or days_ago - answered < 0:
            return [first]
        return [first, past_event(account, DOWNLOAD, days_ago=days_ago - answered)]

    store(registry.database, [event for number in range(400) for event in mails(number)])

    found = checked(registry, exposure=BY_CONTENT, planned_units=2_000)

    (foretold,) = found["foretold"]
    assert foretold["units"] == 400
    assert foretold["baseline"] == pytest.approx(0.1)
    assert 0.03 < foretold["smallest_effect"] < 0.06
    assert "cannot_conclude" not in {rule for rule, _ in rules(found)}


def test_a_draft_of_the_first_day_is_told_that_nothing_is_known(registry: Registry) -> None:
    found = checked(registry)

    assert found["foretold"] == [
        {
            "metric": "guide-downloads",
            "units": None,
            "baseline": None,
            "smallest_effect": None,
            "as_lift": None,
            "reason": "too_few_in_the_past",
        }
    ]
    assert ("cannot_be_foretold", "metrics.guide-downloads") in rules(found)
    assert ("no_interpreter", "interpreters.sales") in rules(found)


def test_sentences_come_in_both_languages(registry: Registry) -> None:
    found = checked(registry)

    assert all(finding["sentence"]["en"] and finding["sentence"]["de"]
               for finding in found["findings"])  # fmt: skip


def test_checks_change_nothing_and_fail_for_no_experiment(registry: Registry) -> None:
    before = checked(registry)

    assert registry.client.get(ADDRESS).json() == before
    assert registry.client.get("/v1/experiments/nothing/checks").status_code == 404


def test_a_third_look_through_the_log_at_once_is_asked_to_wait(registry: Registry) -> None:
    checked(registry)

    with psycopg.connect(registry.database) as one:
        one.execute("SELECT pg_advisory_xact_lock(7264852), pg_advisory_xact_lock(7264853)")
        busy = registry.client.get(ADDRESS)
        dry_run = registry.client.post("/v1/metrics/dry-run", json=metric())

    assert (busy.status_code, dry_run.status_code) == (503, 503)
    assert busy.headers["retry-after"] == "3"
    assert registry.client.get(ADDRESS).status_code == 200


def test_a_log_that_cannot_be_read_in_time_leaves_the_other_checks(registry: Registry) -> None:
    registry.client.post("/v1/metrics", json=metric())
    registry.client.post("/v1/experiments", json=experiment())

    with psycopg.connect(registry.database) as writer:
        # Reading waits for whoever rebuilds the table, as long as it may.
        writer.execute("LOCK TABLE events IN ACCESS EXCLUSIVE MODE")
        found = registry.client.get(ADDRESS).json()

    assert ("not_looked_up", "exposure") in rules(found)
    assert ("no_interpreter", "interpreters.sales") in rules(found)
    assert (found["exposure"], found["foretold"]) == (None, [])


def test_accounts_that_another_running_experiment_has_exposed_are_told_of(
    registry: Registry,
) -> None:
    store(
        registry.database,
        [past_event(f"account-{n}", SENT, campaign="spring", content="plain") for n in range(20)],
    )
    registry.client.post("/v1/metrics", json=metric())
    for key, unit in (("other", "account"), ("of-contacts", "contact"), ("ended", "account")):
        ends = {"ends_at": "2026-03-09T00:00:00Z"} if key == "ended" else {}
        registry.client.post("/v1/experiments", json=experiment(key, unit=unit, **ends))
        registry.client.post(f"/v1/experiments/{key}/start")
    expose(registry.database, [f"account-{n}" for n in range(8)])

    found = checked(registry, exposure=BY_CONTENT)

    told = [f["sentence"]["en"] for f in found["findings"] if f["rule"] == "overlap"]
    assert len(told) == 1
    assert told[0].startswith("40% of the accounts that would be exposed take part in “other”")


def expose(database: str, homes: list[str]) -> None:
    """Let every definition have exposed these accounts."""
    unit = UnitState((0, "past", "e"), variant=0, seen=1, exposures=1, sums=[MetricSums()])
    with psycopg.connect(database) as connection:
        ids = [row[0] for row in connection.execute("SELECT id FROM definitions").fetchall()]
        state = pack(HomeState({number: Entry(units={"": unit}) for number in ids}))
        for home in homes:
            connection.execute(
                "INSERT INTO account_states (home, state) VALUES (%s, %s)", (home, state)
            )
