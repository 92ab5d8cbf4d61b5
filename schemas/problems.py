"""How the API says no: problem details (RFC 9457), and a verdict on each event that was sent."""

from typing import Literal

import msgspec

PROBLEM_MEDIA_TYPE = "application/problem+json"


class Verdict(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of one event of a request; of a refused one, which field breaks which rule."""

    index: int
    verdict: Literal["accepted", "refused"]
    id: str | None = None
    source: str | None = None
    field: str | None = None
    rule: str | None = None
    detail: str | None = None


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One error of the API, in the one shape that all errors have."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str = ""
    instance: str | None = None
    field: str | None = None
    rule: str | None = None
    verdicts: tuple[Verdict, ...] = ()
