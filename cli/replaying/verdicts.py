"""Reads what the gateway answers: its verdict on every event, or the problem with the request."""

from collections.abc import Sequence
from http import HTTPStatus

import httpx
import msgspec

from cli.replaying.targets import Answer, RefusedEvent
from schemas.problems import Problem, Verdict

WITH_VERDICTS = frozenset({HTTPStatus.ACCEPTED, HTTPStatus.UNPROCESSABLE_ENTITY})
"""Some were taken, or none: both say so event by event."""


class _Verdicts(msgspec.Struct):
    verdicts: tuple[Verdict, ...]


def read_answer(response: httpx.Response, batch: Sequence[bytes]) -> Answer | None:
    """Return the verdicts, None where the answer does not hold one for each event of the batch."""
    if response.status_code not in WITH_VERDICTS:
        return None
    try:
        verdicts = msgspec.json.decode(response.content, type=_Verdicts).verdicts
    except msgspec.DecodeError:
        return None
    if [verdict.index for verdict in verdicts] != list(range(len(batch))):
        return None
    refused = tuple(_refused(batch[v.index], v) for v in verdicts if v.verdict == "refused")
    return Answer(len(batch) - len(refused), refused)


def _refused(event: bytes, verdict: Verdict) -> RefusedEvent:
    return RefusedEvent(event, verdict.field or "event", verdict.rule or "", verdict.detail or "")


def rule_of(response: httpx.Response) -> str | None:
    """Return the rule that the problem names, if it names one."""
    problem = _problem_in(response)
    return problem.rule if problem is not None else None


def problem_of(response: httpx.Response) -> str:
    """Return the answer in a line: its status and the problem that it names."""
    problem = _problem_in(response)
    if problem is None:
        return f"{response.status_code} {response.reason_phrase}"
    words = ": ".join(word for word in (problem.title, problem.detail) if word)
    return f"{response.status_code} {words}"


def _problem_in(response: httpx.Response) -> Problem | None:
    try:
        return msgspec.json.decode(response.content, type=Problem)
    except msgspec.DecodeError:
        return None  # a proxy on the way answers in its own words
