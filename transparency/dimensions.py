"""What nothing is ever grouped or filtered by: people.

Stricter than the gate that drops staff fields from events: there a name must be exact, for data
would be lost; here any name that speaks of a person at work is refused, for a breakdown more costs.
"""

import re
from enum import StrEnum

from schemas.staff import names_staff


class PersonKind(StrEnum):
    """Whom a field names."""

    EMPLOYEE = "employee"
    CONTACT = "contact"


class PersonDimensionError(ValueError):
    """A field that names people, asked for as a dimension or filter."""

    def __init__(self, field: str, kind: PersonKind) -> None:
        """Say which field it is and what to ask for instead."""
        super().__init__(f"{field}: {_WHY[kind]}")
        self.field = field
        self.kind = kind


def refuse_person_dimension(field: str) -> None:
    """Raise PersonDimensionError where a field of events or accounts names a person."""
    words = _words(field)
    if names_staff(field.rpartition(".")[2]) or _speaks_of(words, _EMPLOYEE):
        raise PersonDimensionError(field, PersonKind.EMPLOYEE)
    if _speaks_of(words, _CONTACT):
        raise PersonDimensionError(field, PersonKind.CONTACT)


def _words(field: str) -> list[str]:
    """Split `data.dealOwner-ID` into its words, in lower case."""
    parted = re.sub(r"(?<=[a-zäöüß0-9])(?=[A-ZÄÖÜ])|(?<=[A-Z])(?=[A-Z][a-z])", " ", field)
    return re.findall(r"[^\W_]+", parted.lower())


def _speaks_of(words: list[str], people: frozenset[str]) -> bool:
    """Tell whether a word names a person and the last one does not make it a number of them."""
    return bool(people.intersection(words)) and words[-1] not in _COUNTS


_EMPLOYEE_WORDS = """
ae agent assignee assigned associate author bdr employee exec executive host manager operator
organiser organizer owner rep representative responsible salesman salesperson saleswoman sdr seller
sender staff user userid username
ansprechpartner aussendienst außendienst bearbeiter berater besitzer betreuer innendienst
mitarbeiter mitarbeiterin personalnummer sachbearbeiter verkaeufer verkäufer vertriebler zustaendig
zuständig
"""
_CONTACT_WORDS = "contact contacts person recipient kontakt empfaenger empfänger"
_COUNT_WORDS = "count number size total share seats amount anzahl größe groesse"
_EMPLOYEE = frozenset(_EMPLOYEE_WORDS.split())
_CONTACT = frozenset(_CONTACT_WORDS.split())
_COUNTS = frozenset(_COUNT_WORDS.split())
_WHY = {
    PersonKind.EMPLOYEE: "names an employee. No statistic groups or filters by who did "
    "something at work, whatever the policy says. Ask by campaign, content, channel or a trait of "
    "the account",
    PersonKind.CONTACT: "names a contact. Groups are made of accounts; single contacts are seen "
    "only in journeys, by sellers of the account's team",
}
