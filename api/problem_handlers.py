"""Turns whatever is raised into a problem, so that every error of the API has the one shape."""

from collections.abc import Mapping
from typing import Any

import msgspec
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from api import problems
from api.database import DatabaseUnreachableError
from api.problems import ProblemError, problem_of, problem_of_status, problem_response, retry_after
from schemas.caps import CapError
from schemas.problems import Problem
from storage.pool import UNREACHABLE
from storage.registry import (
    ConflictError,
    DraftError,
    UnknownExperimentError,
    UnknownMetricError,
)
from storage.reviews import UnknownReviewError
from storage.webhooks import UnknownWebhookError


class InputError(msgspec.Struct, frozen=True):
    """One thing that is wrong with what was sent: where, which rule, and why."""

    field: str
    rule: str
    detail: str


class InvalidInputError(Exception):
    """What was sent breaks rules that only the API can check."""

    def __init__(self, *errors: InputError) -> None:
        super().__init__("; ".join(f"{error.field}: {error.detail}" for error in errors))
        self.errors = errors


class InvalidInput(Problem, frozen=True, kw_only=True):
    """A problem that lists everything that is wrong, not only the first."""

    errors: tuple[InputError, ...]


_UNREAD_BODIES = {
    error.kind.status: error
    for error in (
        ProblemError(problems.TOO_LARGE, "The body is larger than this API takes."),
        ProblemError(problems.TOO_SLOW, "The body did not arrive in time."),
    )
}


def add_problem_handlers(app: FastAPI) -> None:
    """Answer every error that a request can end in."""
    app.add_exception_handler(ProblemError, _on_problem)
    app.add_exception_handler(HTTPException, _on_status)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(InvalidInputError, _on_invalid_input)
    app.add_exception_handler(ClientDisconnect, _on_disconnect)
    app.add_exception_handler(UnknownExperimentError, _on_unknown)
    app.add_exception_handler(UnknownMetricError, _on_unknown_metric)
    app.add_exception_handler(UnknownReviewError, _on_unknown)
    app.add_exception_handler(UnknownWebhookError, _on_unknown)
    app.add_exception_handler(CapError, _on_unfit_cap)
    app.add_exception_handler(DraftError, _on_unfit_draft)
    app.add_exception_handler(ConflictError, _on_conflict)
    for error in (DatabaseUnreachableError, *UNREACHABLE):
        app.add_exception_handler(error, _on_unreachable)
    app.add_exception_handler(Exception, _on_failure)


async def _on_problem(_request: Request, error: Exception) -> Response:
    assert isinstance(error, ProblemError)
    return problem_response(problem_of(error), error.headers)


async def _on_status(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    headers = dict(error.headers or {})
    unread = _UNREAD_BODIES.get(error.status_code)
    if unread is not None:
        headers["Connection"] = "close"  # the rest of the body is still on its way
        return problem_response(problem_of(unread), headers)
    return problem_response(problem_of_status(error.status_code), headers)


async def _on_invalid(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    errors = tuple(_input_error(found) for found in error.errors())
    if any(found.rule == "json_invalid" for found in errors):
        malformed = ProblemError(problems.MALFORMED, "The body is no JSON.", rule="malformed_json")
        return problem_response(problem_of(malformed))
    return problem_response(invalid_input(errors))


def invalid_input(errors: tuple[InputError, ...]) -> InvalidInput:
    """The problem that names every field and rule; the first one also at the top."""
    first = errors[0]
    return InvalidInput(
        type=problems.INVALID.uri,
        title=problems.INVALID.title,
        status=problems.INVALID.status,
        detail=f"{first.field}: {first.detail}",
        field=first.field,
        rule=first.rule,
        errors=errors,
    )


def _input_error(found: Mapping[str, Any]) -> InputError:
    place, *path = found["loc"]
    raised = found.get("ctx", {}).get("error")
    return InputError(
        field=".".join(str(step) for step in path) or str(place),
        rule=found["type"],
        detail=found["msg"] if raised is None else str(raised),
    )


async def _on_invalid_input(_request: Request, error: Exception) -> Response:
    assert isinstance(error, InvalidInputError)
    return problem_response(invalid_input(error.errors))


async def _on_unknown(_request: Request, error: Exception) -> Response:
    return problem_response(problem_of(ProblemError(problems.NOT_FOUND, str(error))))


async def _on_unknown_metric(_request: Request, error: Exception) -> Response:
    unknown = InputError("metrics", "unknown_metric", str(error))
    return problem_response(invalid_input((unknown,)))


async def _on_unfit_cap(_request: Request, error: Exception) -> Response:
    return problem_response(invalid_input((InputError("metrics", "unfit_cap", str(error)),)))


async def _on_unfit_draft(_request: Request, error: Exception) -> Response:
    assert isinstance(error, DraftError)
    return problem_response(invalid_input((InputError(error.field, error.rule, str(error)),)))


async def _on_conflict(_request: Request, error: Exception) -> Response:
    assert isinstance(error, ConflictError)
    conflict = ProblemError(problems.CONFLICT, str(error), field=error.field, rule=error.rule)
    return problem_response(problem_of(conflict))


async def _on_disconnect(_request: Request, _error: Exception) -> Response:
    # Nobody reads this answer; without it a closed connection would be logged as a failure.
    gone = ProblemError(problems.MALFORMED, "The connection closed before the body was complete.")
    return problem_response(problem_of(gone))


async def _on_unreachable(_request: Request, _error: Exception) -> Response:
    down = ProblemError(problems.DATABASE_UNREACHABLE, "Try again in a few seconds.")
    return problem_response(problem_of(down), retry_after(2))


async def _on_failure(_request: Request, _error: Exception) -> Response:
    failed = ProblemError(problems.FAILED, "The reason is in the API's log.")
    return problem_response(problem_of(failed))
