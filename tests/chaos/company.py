"""The events of a run: each is a function of the seed and its number, so nothing has to be kept.

Also what they come to: an oracle that shares no line with the stream, from the same numbers.
"""

import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec import json

EXPERIMENTS = ("chaos-subject", "chaos-page")
LATE = "chaos-late"
"""Units are exposed to it from the start; a fault may register it."""
METRIC = "chaos-leads"
WINDOW = timedelta(days=14)
OPENED = datetime(2025, 2, 1, tzinfo=UTC)
ANCIENT = datetime(2019, 5, 1, tzinfo=UTC)

Event = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Company:
    """A seed, and how many accounts and contacts its events touch."""

    seed: int
    accounts: int = 4_000
    contacts: int = 1_000

    @property
    def source(self) -> str:
        """The source of every event of the run."""
        return f"urn:chaos:{self.seed}"

    def event(self, number: int) -> Event:
        """Return the event of this number."""
        drawn = random.Random(f"{self.seed}:{number}")
        account, contact = drawn.randrange(self.accounts), drawn.randrange(self.contacts)
        kind = drawn.random()
        if kind < 0.10:
            return self._exposure(number, account, drawn)
        if kind < 0.50:
            return self._event(number, "lead.accepted", _during(drawn), account=_account(account))
        if kind < 0.65:
            return self._event(number, "lead.accepted", _during(drawn), contact=f"c-{contact}")
        if kind < 0.68:
            home = _account(self.account_of(contact))
            return self._event(
                number, "identity.linked", OPENED, account=home, contact=f"c-{contact}"
            )
        if kind < 0.71:
            long_ago = ANCIENT + timedelta(minutes=drawn.randrange(1_000_000))
            return self._event(number, "lead.accepted", long_ago, account=_account(account))
        return self._event(
            number, "engagement.page.viewed", _during(drawn), account=_account(account)
        )

    def encoded(self, number: int) -> bytes:
        """Return the event of this number as JSON."""
        return json.encode(self.event(number))

    def id_of(self, number: int) -> str:
        """Return the id of the event of this number."""
        return f"{self.seed}-{number}"

    def account_of(self, contact: int) -> int:
        """Return the one account that every link of a contact names."""
        return random.Random(f"{self.seed}:contact:{contact}").randrange(self.accounts)

    def variant_of(self, account: int) -> str:
        """Return the variant that every exposure of an account names."""
        return random.Random(f"{self.seed}:variant:{account}").choice(("control", "treatment"))

    def _exposure(self, number: int, account: int, drawn: random.Random) -> Event:
        # Some say later that it was earlier: the unit's window moves, and its leads with it.
        seen = OPENED + timedelta(days=10, minutes=drawn.randrange(30 * 24 * 60))
        data = {
            "experiment": drawn.choice((*EXPERIMENTS, LATE)),
            "variant": self.variant_of(account),
        }
        return self._event(
            number, "experiment.exposure", seen, account=_account(account), data=data
        )

    def _event(self, number: int, kind: str, at: datetime, **fields: Any) -> Event:
        return {
            "specversion": "1.0",
            "id": self.id_of(number),
            "source": self.source,
            "type": kind,
            "time": at.isoformat(),
            **fields,
        }


@dataclass(frozen=True, slots=True)
class Figures:
    """What a variant of an experiment comes to: units, their leads, and the sum of squares."""

    units: int = 0
    leads: int = 0
    squares: int = 0


def figures_of(company: Company, numbers: Iterable[int]) -> Mapping[tuple[str, str], Figures]:
    """Return the figures of every (experiment, variant), from the events of these numbers alone."""
    exposed: dict[tuple[str, str], datetime] = {}
    leads: dict[str, list[datetime]] = {}
    by_contact: dict[str, list[datetime]] = {}
    linked: dict[str, str] = {}
    for event in map(company.event, numbers):
        at = datetime.fromisoformat(event["time"])
        match event["type"]:
            case "experiment.exposure":
                unit = (event["data"]["experiment"], event["account"])
                exposed[unit] = min(at, exposed.get(unit, at))
            case "lead.accepted" if "account" in event:
                leads.setdefault(event["account"], []).append(at)
            case "lead.accepted":
                by_contact.setdefault(event["contact"], []).append(at)
            case "identity.linked":
                linked[event["contact"]] = event["account"]
    for contact, times in by_contact.items():
        if contact in linked:
            leads.setdefault(linked[contact], []).extend(times)
    return _added_up(company, exposed, leads)


def _added_up(
    company: Company,
    exposed: Mapping[tuple[str, str], datetime],
    leads: Mapping[str, list[datetime]],
) -> Mapping[tuple[str, str], Figures]:
    found: dict[tuple[str, str], Figures] = {}
    for (experiment, account), first in exposed.items():
        counted = sum(first <= at < first + WINDOW for at in leads.get(account, ()))
        arm = (experiment, company.variant_of(_number(account)))
        before = found.get(arm, Figures())
        found[arm] = Figures(
            before.units + 1, before.leads + counted, before.squares + counted * counted
        )
    return found


def _during(drawn: random.Random) -> datetime:
    # Half a minute off every exposure: whether a window holds its ends is settled elsewhere.
    return OPENED + timedelta(days=8, seconds=30 + 60 * drawn.randrange(44 * 24 * 60))


def _account(number: int) -> str:
    return f"account-{number}.example"


def _number(account: str) -> int:
    return int(account.removeprefix("account-").removesuffix(".example"))


def metric() -> Mapping[str, Any]:
    """Return the metric that counts the leads."""
    return {
        "key": METRIC,
        "name": "Accepted leads",
        "meaning": "Leads that sales accepted",
        "owner": "sales",
        "kind": "count",
        "measure": {"filter": {"types": ["lead.accepted"]}},
        "window": "P14D",
    }


def experiment(key: str) -> Mapping[str, Any]:
    """Return an experiment whose units are exposed by the events."""
    return {
        "key": key,
        "name": key,
        "hypothesis": "What is accepted counts once, whatever happens meanwhile",
        "owner": "marketing",
        "variants": [{"key": "control", "control": True}, {"key": "treatment"}],
        "metrics": [{"metric": METRIC}],
        "starts_at": "2025-01-01T00:00:00Z",
        "planned_units": 100,
    }
