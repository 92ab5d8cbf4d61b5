"""What may be asked of the API, in words that routes, roles and tokens share, and who may ask it.

A scope opens a route; how much of an experiment is then shown is for the visibility policy to say.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType

from schemas.people import Role


class Scope(StrEnum):
    """One thing that may be asked; `admin` is all of them."""

    EVENTS_WRITE = "events:write"
    REGISTRY_READ = "registry:read"
    REGISTRY_WRITE = "registry:write"
    EVENT_TYPES_WRITE = "event-types:write"
    RATES_WRITE = "rates:write"
    RESULTS_READ = "results:read"
    REVIEWS_WRITE = "reviews:write"
    POLICIES_WRITE = "policies:write"
    ACCESS_LOG_READ = "access-log:read"
    DEAD_LETTERS_READ = "dead-letters:read"
    WEBHOOKS_WRITE = "webhooks:write"
    ERASURE_WRITE = "erasure:write"
    PEOPLE_READ = "people:read"
    PEOPLE_WRITE = "people:write"
    TOKENS_WRITE = "tokens:write"
    ADMIN = "admin"


EVERYBODY = frozenset(
    {Scope.REGISTRY_READ, Scope.RESULTS_READ, Scope.PEOPLE_READ, Scope.ACCESS_LOG_READ}
)
"""What every person may ask, whatever the role; what is shown differs."""
_OF_A_SIDE = frozenset({Scope.REGISTRY_WRITE, Scope.REVIEWS_WRITE})

SCOPES_OF_ROLE: Mapping[Role, frozenset[Scope]] = MappingProxyType(
    {
        Role.MARKETER: EVERYBODY | _OF_A_SIDE,
        Role.SELLER: EVERYBODY | _OF_A_SIDE,
        Role.ENGINEER: EVERYBODY
        | {
            Scope.EVENTS_WRITE,
            Scope.EVENT_TYPES_WRITE,
            Scope.DEAD_LETTERS_READ,
            Scope.WEBHOOKS_WRITE,
            Scope.TOKENS_WRITE,
        },
        Role.STEWARD: EVERYBODY
        | {
            Scope.REGISTRY_WRITE,
            Scope.EVENT_TYPES_WRITE,
            Scope.RATES_WRITE,
            Scope.POLICIES_WRITE,
            Scope.DEAD_LETTERS_READ,
            Scope.WEBHOOKS_WRITE,
            Scope.ERASURE_WRITE,
            Scope.PEOPLE_WRITE,
            Scope.TOKENS_WRITE,
        },
        Role.LEADER: EVERYBODY,
    }
)

SCOPES_OF_PEOPLE_ALONE = frozenset({Scope.REVIEWS_WRITE, Scope.POLICIES_WRITE})
"""A machine signs nothing, and does not say what people see of each other's work."""


def scopes_of(roles: Iterable[Role]) -> frozenset[Scope]:
    """Return what a person with these roles may ask."""
    return frozenset().union(*(SCOPES_OF_ROLE[role] for role in roles))


def allows(held: frozenset[Scope], needed: Scope) -> bool:
    """Tell whether these scopes open what needs this one."""
    return needed in held or Scope.ADMIN in held
