"""People and teams: who they are to the platform. E-mail addresses are written, never read back."""

import unicodedata
from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, SecretStr, model_validator

from schemas.characters import is_attribute_text
from schemas.event_filters import Resource
from schemas.metric_definitions import Key, Side
from schemas.pseudonyms import domain_of_address

SHORTEST_PASSWORD = 12
LONGEST_PASSWORD = 256
PERSON_PATTERN = r"^p-[0-9a-f]{16}$"


class PersonSide(StrEnum):
    """What a person or a team works for: one of the two sides, or both alike."""

    MARKETING = "marketing"
    SALES = "sales"
    NEUTRAL = "neutral"

    @property
    def side(self) -> Side | None:
        """The side, None for those who serve both."""
        return None if self is PersonSide.NEUTRAL else Side(self.value)


class Role(StrEnum):
    """What a person does."""

    MARKETER = "marketer"
    SELLER = "seller"
    ENGINEER = "engineer"
    STEWARD = "steward"
    LEADER = "leader"


_SIDE_OF_ROLE = {Role.MARKETER: PersonSide.MARKETING, Role.SELLER: PersonSide.SALES}


def _printable(text: str) -> str:
    if not is_attribute_text(text):
        raise ValueError("holds a control character or noncharacter")
    return text


def normal_address(text: str) -> str:
    """Return the one form of an e-mail address that it is found by."""
    return unicodedata.normalize("NFC", text).strip().lower()


def _address(text: str) -> str:
    normal = normal_address(text)
    if domain_of_address(normal) is None or normal.startswith("mailto:"):
        raise ValueError("is no e-mail address")
    return normal


def _encodable(secret: SecretStr) -> SecretStr:
    if any("\ud800" <= character <= "\udfff" for character in secret.get_secret_value()):
        raise ValueError("holds half of a character")
    return secret


def normal_password(password: str) -> str:
    """Return the one form of a password: keyboards write the same letters in several ways."""
    return unicodedata.normalize("NFKC", password)  # as NIST SP 800-63B asks for


def _password(secret: SecretStr) -> SecretStr:
    normal = normal_password(secret.get_secret_value())
    if not SHORTEST_PASSWORD <= len(normal) <= LONGEST_PASSWORD:
        raise ValueError(f"has {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters")
    if len(set(normal)) < 5:
        raise ValueError("repeats too few characters")
    return SecretStr(normal)


Name = Annotated[str, Field(min_length=1, max_length=120), AfterValidator(_printable)]
EmailAddress = Annotated[str, Field(min_length=3, max_length=254), AfterValidator(_address)]
ShownSecret = Annotated[
    SecretStr, Field(min_length=1, max_length=LONGEST_PASSWORD), AfterValidator(_encodable)
]
"""A secret as somebody shows it: not judged as a new password would be."""
Password = Annotated[SecretStr, AfterValidator(_encodable), AfterValidator(_password)]
PersonId = Annotated[str, Field(pattern=PERSON_PATTERN)]


class TeamDraft(Resource):
    """A team as written down."""

    key: Key
    name: Name
    side: PersonSide


class Team(TeamDraft):
    """A team as stored."""

    created_at: datetime


class PersonFields(Resource):
    """What the platform needs to know of a person."""

    name: Name
    side: PersonSide
    roles: Annotated[tuple[Role, ...], Field(min_length=1, max_length=len(Role))]
    teams: Annotated[tuple[Key, ...], Field(max_length=32)] = ()


class PersonDraft(PersonFields):
    """A person as added: the address is for signing in and for nothing else."""

    email: EmailAddress

    @model_validator(mode="after")
    def _parts_fit_together(self) -> Self:
        check_person(self)
        return self


class PersonChange(PersonFields):
    """A person as they shall stand; without an address it stays as it is."""

    is_active: bool
    email: EmailAddress | None = None

    @model_validator(mode="after")
    def _parts_fit_together(self) -> Self:
        check_person(self)
        return self


class Person(PersonFields):
    """A person as everybody sees them."""

    id: PersonId
    is_active: bool
    signs_in_with: Literal["password", "openid"] | None
    """None until the invitation was used."""
    created_at: datetime


def check_person(person: PersonFields) -> None:
    """Refuse what contradicts itself. Raises ValueError that names the field."""
    _check_once("roles", person.roles)
    _check_once("teams", person.teams)
    for role in person.roles:
        side = _SIDE_OF_ROLE.get(role, person.side)
        if side is not person.side:
            raise ValueError(f"roles: a {role} works for {side}, this person for {person.side}")


def _check_once(field: str, values: Iterable[str]) -> None:
    listed = list(values)
    if len(set(listed)) != len(listed):
        raise ValueError(f"{field}: every one once")
