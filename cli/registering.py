"""Registers metrics and experiments and starts the latter; what is there already stays."""

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

import httpx

from cli.replaying.verdicts import problem_of
from cli.stack_error import StackError

Body = Mapping[str, Any]


class RegistrationError(StackError):
    """The API refused a metric or an experiment."""


def register(url: str, token: str, metrics: Iterable[Body], experiments: Iterable[Body]) -> None:
    """Register everything and start the experiments; safe to repeat."""
    headers = {"authorization": f"Bearer {token}"}
    with httpx.Client(base_url=url, headers=headers, timeout=30, trust_env=False) as client:
        for metric in metrics:
            _post(client, "/v1/metrics", metric)  # the same definition again is no new version
        for experiment in experiments:
            if not _exists(client, f"/v1/experiments/{experiment['key']}"):
                _post(client, "/v1/experiments", experiment)
                _post(client, f"/v1/experiments/{experiment['key']}/start", None)


def _exists(client: httpx.Client, path: str) -> bool:
    response = _answered(client, "GET", path, None)
    if response.status_code == HTTPStatus.NOT_FOUND:
        return False
    return _succeeded(response, path)


def _post(client: httpx.Client, path: str, body: Body | None) -> None:
    _succeeded(_answered(client, "POST", path, body), path)


def _answered(client: httpx.Client, method: str, path: str, body: Body | None) -> httpx.Response:
    try:
        return client.request(method, path, json=body)
    except httpx.TransportError as error:
        raise RegistrationError(
            f"The API at {client.base_url} does not answer ({type(error).__name__})."
        ) from error


def _succeeded(response: httpx.Response, path: str) -> bool:
    if not response.is_success:
        raise RegistrationError(f"The API refused {path}: {problem_of(response)}.")
    return True
