"""What the table makes of one route, one caller, one policy and one phase."""

from __future__ import annotations

from dataclasses import replace

from schemas.policies import Level
from schemas.scopes import SCOPES_OF_PEOPLE_ALONE, Scope
from tests.api.walk.callers import DEPLOYMENT, NOBODY, Caller
from tests.api.walk.table import ELSEWHERE, OF_EXPERIMENTS, OPEN, PHASES
from tests.transparency.levels import PHASES as SEEN_PHASES
from tests.transparency.levels import POLICIES, level_of

LETTERS = {"marketer": "m", "seller": "s", "engineer": "e", "steward": "t", "leader": "l"}
PARTS = {
    "marketer of the owner team": ("changes", "reads"),
    "interpreter of sales": ("changes", "reads"),
    "steward": ("knows", "changes"),
}
LEVELS = ("headline", "metrics", "segments")
ON_SIGHT = (*LEVELS, "knows")
"""What is answered as if it did not exist to whoever lacks it."""
SEEN_AS = {phase: phase if phase in SEEN_PHASES else "running" for phase in PHASES}
"""A draft is seen like what runs, and what was stopped like what it was before."""
SHOW_LEVEL = {
    f"GET /v1/experiments/{{key}}/{what}"
    for what in ("results", "stream", "as-known", "breakdowns", "reviews/{number}/results")
}
"""Routes whose answers hold more or less, by what is seen of the results."""
FOR_SIDES = {
    f"POST /v1/metrics/{{key}}/versions/{{version}}/{step}"
    for step in ("agreements", "withdrawals")
}
"""What the deployment's own token stands in for before there are people, and no other token."""
RESULTS = Scope.RESULTS_READ
AT_ONCE = {"GET /v1/experiments/{key}/deals"}
"""What people see once an experiment is over, and the deployment as soon as it is started."""


def elsewhere(route: str, caller: Caller) -> int:
    """Return the status of a route that is not about one experiment."""
    row = ELSEWHERE[route]
    if caller.name == NOBODY:
        return 401
    if caller.role is not None:
        return row.answers[caller.role]
    if is_admin(caller):
        stands_in = caller.name == DEPLOYMENT or route not in FOR_SIDES
        return row.answers[DEPLOYMENT if stands_in else "machine"]
    return row.answers["machine"] if row.scope in {caller.scope, "-"} else 403


def walked(route: str, caller: Caller) -> list[tuple[str, str]]:
    """Every policy and phase; one for those of whom all are alike.

    That is whoever is refused before any experiment is looked at, and a machine with `admin`, which
    sees what the deployment sees.
    """
    if refusal(route, caller) or caller.scope is Scope.ADMIN:
        return [("open", "running")]
    return [(policy, phase) for policy in POLICIES for phase in PHASES]


def refusal(route: str, caller: Caller) -> str | None:
    """What whoever may not ask at all is answered, whatever the experiment."""
    row = OF_EXPERIMENTS[route]
    if caller.name == NOBODY:
        return "401"
    if caller.role is not None:
        return None if LETTERS[caller.role] in row.roles else "403"
    if row.scope in SCOPES_OF_PEOPLE_ALONE:
        return "403"
    return None if is_admin(caller) or caller.scope == row.scope else "403"


def expected(route: str, caller: Caller, policy: str, phase: str) -> str:
    """Return the status, and how much is seen where it varies."""
    refused = refusal(route, caller)
    if refused is not None:
        return refused
    row = OF_EXPERIMENTS[route]
    standing = _standing(caller, policy, phase)
    if row.part not in standing:
        return "403" if row.part not in ON_SIGHT and "knows" in standing else "404"
    if route in AT_ONCE and is_admin(caller) and phase != "draft":
        return "200"
    answer = row.answers[phase]
    return f"{answer} {standing[0]}" if answer == 200 and route in SHOW_LEVEL else str(answer)


def may_ask(route: str, caller: Caller) -> bool:
    """Tell whether a route is open to somebody at all."""
    if route in OF_EXPERIMENTS:
        return refusal(route, caller) is None
    return route in OPEN or elsewhere(route, caller) not in {401, 403}


def _standing(caller: Caller, policy: str, phase: str) -> tuple[str, ...]:
    """What somebody is to an experiment; first how much of its results they see."""
    if is_admin(caller):
        return ("everything", *LEVELS, "knows", "changes")
    if caller.scope is not None:
        level = level_of("somebody without a role", policy, SEEN_AS[phase])
        return (level.value, *_up_to(level), "knows", "changes")
    level = level_of(caller.name, policy, SEEN_AS[phase])
    parts = PARTS.get(caller.name, ())
    return (level.value, *_up_to(level), *(["knows"] if level is not Level.NONE else []), *parts)


def is_admin(caller: Caller) -> bool:
    """Tell whether a token opens everything."""
    return caller.name == DEPLOYMENT or caller.scope is Scope.ADMIN


def as_to_results(caller: Caller) -> Caller:
    """Return the same caller; a machine as one that reads results, whatever else it reads."""
    return caller if caller.scope in {None, Scope.ADMIN} else replace(caller, scope=RESULTS)


def _up_to(level: Level) -> tuple[str, ...]:
    return LEVELS[: LEVELS.index(level.value) + 1] if level is not Level.NONE else ()
