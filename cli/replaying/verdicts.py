"""Reads what the gateway answers: its verdict on every event, or the problem with the request."""

from collections.abc import Sequence
from http import HTTPStatus

import httpx
import msgspec

from cli.replaying.targets import Answer, RefusedEvent

WITH_VERDICTS = frozenset({HTTPStatus.OK, HTTPStatus.ACCEPTED, HTTPStatus.UNPROCESSABLE_ENTITY})


class _Verdict(msgspec.Struct):
    index: int
    field: str
    rule: str
    detail: str = ""


class _Verdicts(msgspec.Struct):
    accepted: int
    refused: list[_Verdict] = []


class _Problem(msgspec.Struct):
    title: str = ""
    detail: str = ""


def read_answer(response: httpx.Response, batch: Sequence[bytes]) -> Answer | None:
    """Return the verdicts, None where the answer holds none for each event of the batch."""
    if response.status_code not in WITH_VERDICTS:
        return None
    try:
        verdicts = msgspec.json.decode(response.content, type=_Verdicts)
    except msgspec.DecodeError:
        return None
    if verdicts.accepted + len(verdicts.refused) != len(batch):
        return None
    return Answer(
        verdicts.accepted,
        tuple(RefusedEvent(batch[v.index], v.field, v.rule, v.detail) for v in verdicts.refused),
    )


def problem_of(response: httpx.Response) -> str:
    """Return the answer in a line: its status and the problem that it names."""
    try:
        problem = msgspec.json.decode(response.content, type=_Problem)
    except msgspec.DecodeError:
        problem = _Problem()
    words = ": ".join(word for word in (problem.title, problem.detail) if word)
    return f"{response.status_code} {words or response.reason_phrase}"
