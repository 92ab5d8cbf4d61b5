"""docs/people.md says what is so: roles, limits and times are those of the code."""

import re
from pathlib import Path

from api import access
from api.people import INVITATION_TIME
from api.verified import SECONDS
from schemas.people import LONGEST_PASSWORD, SHORTEST_PASSWORD
from schemas.scopes import EVERYBODY, SCOPES_OF_ROLE
from schemas.tokens import LONGEST_DAYS, TokenDraft
from storage.sessions import IDLE, LONGEST

DOCUMENT = (Path(__file__).resolve().parents[2] / "docs" / "people.md").read_text(encoding="utf-8")


def rows_below(heading: str) -> list[list[str]]:
    lines = DOCUMENT[DOCUMENT.index(heading) :].splitlines()
    start = next(place for place, line in enumerate(lines) if line.startswith("|---")) + 1
    rows = []
    for line in lines[start:]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    return rows


def test_each_role_is_said_to_open_what_it_opens() -> None:
    said = {
        row[0].strip("`"): set(re.findall(r"`(.+?)`", row[1])) for row in rows_below("| role |")
    }

    assert said == {
        role.value: {scope.value for scope in scopes - EVERYBODY}
        for role, scopes in SCOPES_OF_ROLE.items()
    }


def test_limits_are_those_that_hold() -> None:
    said = [(row[1], row[2].replace(",", "")) for row in rows_below("## Limits")[:3]]

    rates = (access.PERSON_RATE, access.MACHINE_RATE, access.STRANGER_RATE)
    assert said == [(f"{rate.per_second:g}", str(rate.at_once)) for rate in rates]


def test_times_and_lengths_are_those_that_hold() -> None:
    days = TokenDraft.model_fields["days"].default

    assert f"{SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters" in DOCUMENT
    assert f"`days` ({days}, at most {LONGEST_DAYS})" in DOCUMENT
    assert (IDLE.total_seconds() / 3600, LONGEST.days, INVITATION_TIME.days) == (8, 7, 7)
    assert SECONDS == 5
