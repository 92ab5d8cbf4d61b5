"""Refuses e-mail addresses wherever people write something down: whatever is written is read again.

Events lose theirs at the gate. Who signs in and who is added name one, which is hashed at once.
"""

from collections.abc import Iterator, Mapping
from itertools import islice
from types import MappingProxyType
from typing import Any

from fastapi.routing import APIRoute
from starlette.requests import Request

from api.problem_handlers import InputError, InvalidInputError
from schemas.pseudonyms import address_in

FOR_ADDRESSES: Mapping[str, str] = MappingProxyType(
    {
        "POST /v1/people": "email",
        "PUT /v1/people/{person}": "email",
        "POST /v1/sign-in": "email",
    }
)
"""Fields that are for an address, by route."""
MOST_NAMED = 20
SECRETS = frozenset({"password", "current", "new", "invitation"})
"""Fields whose content is nobody's business, and is hashed before it is kept."""


async def refuse_addresses(request: Request) -> None:
    """Refuse a body that holds an e-mail address. Raises InvalidInputError; routes depend on it."""
    route = request.scope["route"]
    if not isinstance(route, APIRoute) or route.body_field is None:
        return
    if "json" not in request.headers.get("content-type", "json"):
        return  # such a body is refused anyway
    exempt = SECRETS | {FOR_ADDRESSES.get(f"{request.method} {route.path}", "")}
    places = fields_with_addresses(await request.json())
    found = [*islice((field for field in places if field not in exempt), MOST_NAMED)]
    if found:
        raise InvalidInputError(*(InputError(field, "email_address", _WHY) for field in found))


def fields_with_addresses(document: Any) -> Iterator[str]:
    """Yield the place of every text, and of every name of a field, that holds an address."""
    waiting: list[tuple[str, Any]] = [("", document)]
    while waiting:  # not by recursion: how deep a body is, others decide
        place, value = waiting.pop()
        if isinstance(value, str):
            if address_in(value) is not None:
                yield place or "body"
        elif isinstance(value, dict):
            if any(address_in(name) is not None for name in value):
                yield place or "body"
            named = ((name, v) for name, v in value.items() if address_in(name) is None)
            waiting += [(_within(place, name), part) for name, part in named]
        elif isinstance(value, list):
            waiting += [(_within(place, str(number)), part) for number, part in enumerate(value)]


def _within(place: str, name: str) -> str:
    return f"{place}.{name}" if place else name


_WHY = "holds an e-mail address; name people by their id and contacts by their pseudonym"
