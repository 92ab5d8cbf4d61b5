"""How the API says no: every kind of problem, and the one shape of the answer (RFC 9457).

Whatever goes wrong anywhere in the API ends as one of KINDS, or as a bare HTTP status.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

import msgspec
from starlette.responses import Response

from schemas.problems import PROBLEM_MEDIA_TYPE, Problem

_ENCODER = msgspec.json.Encoder()


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of problem: its name in `type`, its status, and its title."""

    slug: str
    status: int
    title: str

    @property
    def uri(self) -> str:
        """The value of `type` that clients recognise the kind by."""
        return f"urn:roundtable:problem:{self.slug}"


MALFORMED = Kind("malformed-body", 400, "The body cannot be read")
BAD_TOKEN = Kind("token-required", 401, "A valid token is required")
SIGN_IN_FAILED = Kind("sign-in-failed", 401, "Nobody can be signed in with this")
FORBIDDEN = Kind("forbidden", 403, "This is not open to whoever asks")
CROSS_SITE = Kind("cross-site", 403, "The request did not come from these pages")
NOT_FOUND = Kind("not-found", 404, "There is nothing under this name")
TOO_SLOW = Kind("body-too-slow", 408, "The body did not arrive in time")
CONFLICT = Kind("conflict", 409, "This step cannot be taken as things stand")
TOO_LARGE = Kind("too-large", 413, "The request is larger than the limit")
WRONG_MEDIA_TYPE = Kind("wrong-media-type", 415, "This kind of body is not understood")
INVALID = Kind("invalid", 422, "What was sent breaks a rule")
ALL_REFUSED = Kind("all-events-refused", 422, "Every event was refused")
TOO_MUCH_IN_FLIGHT = Kind("too-much-in-flight", 429, "Too many events wait for Kafka")
TOO_MANY_REQUESTS = Kind("too-many-requests", 429, "Too many requests")
FAILED = Kind("internal-error", 500, "The API failed to answer")
NOT_TAKEN = Kind("not-taken", 503, "Kafka did not acknowledge every event")
DATABASE_UNREACHABLE = Kind("database-unreachable", 503, "PostgreSQL cannot be reached")
PROVIDER_UNREACHABLE = Kind(
    "identity-provider-unreachable", 503, "The identity provider cannot be reached"
)
NOT_READY = Kind("not-ready", 503, "The API cannot do its work at the moment")
KINDS = (
    *(MALFORMED, BAD_TOKEN, SIGN_IN_FAILED, FORBIDDEN, CROSS_SITE, NOT_FOUND, TOO_SLOW, CONFLICT),
    *(TOO_LARGE, WRONG_MEDIA_TYPE, INVALID, ALL_REFUSED, TOO_MUCH_IN_FLIGHT, TOO_MANY_REQUESTS),
    *(FAILED, NOT_TAKEN, DATABASE_UNREACHABLE, PROVIDER_UNREACHABLE, NOT_READY),
)


class ProblemError(Exception):
    """Raised where a request cannot be answered as asked; becomes the response."""

    def __init__(
        self,
        kind: Kind,
        detail: str,
        *,
        field: str | None = None,
        rule: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(f"{kind.slug}: {detail}")
        self.kind = kind
        self.detail = detail
        self.field = field
        self.rule = rule
        self.headers = headers or {}


def retry_after(seconds: int) -> dict[str, str]:
    """The header that says when to try again."""
    return {"Retry-After": str(seconds)}


def problem_of(error: ProblemError) -> Problem:
    """The body that says what went wrong."""
    return Problem(
        type=error.kind.uri,
        title=error.kind.title,
        status=error.kind.status,
        detail=error.detail,
        field=error.field,
        rule=error.rule,
    )


def problem_of_status(status: int, detail: str = "") -> Problem:
    """The body for a status that says all by itself."""
    return Problem(title=HTTPStatus(status).phrase, status=status, detail=detail)


def problem_response(problem: Problem, headers: Mapping[str, str] | None = None) -> Response:
    """The response with this body."""
    return Response(
        _ENCODER.encode(problem),
        status_code=problem.status,
        headers=dict(headers or {}),
        media_type=PROBLEM_MEDIA_TYPE,
    )
