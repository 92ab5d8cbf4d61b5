"""The two doors, asked once: which of these events are accepted is all that comes back."""

from collections.abc import Sequence
from contextlib import suppress
from http import HTTPStatus
from typing import Any

import httpx
from kafka import KafkaProducer
from kafka.errors import KafkaError
from msgspec import json

from tests.chaos.company import Event

ANSWER_SECONDS = 15
ACKNOWLEDGE_MS = 6_000


class Gateway:
    """POST /v1/events; safe to use from several threads."""

    def __init__(self, url: str, token: str) -> None:
        headers = {
            "authorization": f"Bearer {token}",
            "content-type": "application/cloudevents-batch+json",
        }
        self._client = httpx.Client(
            base_url=url, headers=headers, timeout=ANSWER_SECONDS, trust_env=False
        )

    def take(self, events: Sequence[Event]) -> list[int]:
        """Return the positions of the events that were accepted; none where nobody answered."""
        status, answer = self.ask(json.encode(events))
        if status == HTTPStatus.ACCEPTED:
            assert answer["refused"] == 0, answer
            return list(range(len(events)))
        if status == HTTPStatus.SERVICE_UNAVAILABLE and "not_taken" in answer:
            left = {named["index"] for named in answer["not_taken"]}
            return [position for position in range(len(events)) if position not in left]
        refuses_for_now = {None, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS}
        assert status in refuses_for_now, (status, answer)
        return []

    def ask(self, body: bytes) -> tuple[int | None, dict[str, Any]]:
        """Post a body; None is the status of a gateway that did not answer."""
        try:
            answer = self._client.post("/v1/events", content=body)
        except httpx.TransportError:
            return None, {}
        return answer.status_code, json.decode(answer.content) if answer.content else {}

    def close(self) -> None:
        """Close the connections."""
        self._client.close()


class Log:
    """Writes records to a topic; for one thread. Makes its producer anew after a failure."""

    def __init__(self, bootstrap: str) -> None:
        self._bootstrap = bootstrap
        self._producer: KafkaProducer | None = None

    def append(self, topic: str, values: Sequence[bytes], key: bytes | None = None) -> list[int]:
        """Return the positions of the values that the broker has acknowledged."""
        try:
            producer = self._connected()
            sent = [producer.send(topic, value, key=key) for value in values]
        except KafkaError:
            self.close()
            return []
        taken = [position for position, future in enumerate(sent) if _is_acknowledged(future)]
        if len(taken) < len(values):
            self.close()
        return taken

    def close(self) -> None:
        """Close the connection; what was not acknowledged stays in doubt."""
        if self._producer is not None:
            with suppress(KafkaError):
                self._producer.close(timeout=1)
            self._producer = None

    def _connected(self) -> KafkaProducer:
        if self._producer is None:
            self._producer = KafkaProducer(
                bootstrap_servers=self._bootstrap,
                acks="all",
                linger_ms=5,
                max_request_size=2_000_000,
                request_timeout_ms=ACKNOWLEDGE_MS - 1_000,
                delivery_timeout_ms=ACKNOWLEDGE_MS,
                max_block_ms=ACKNOWLEDGE_MS,
                bootstrap_timeout_ms=ACKNOWLEDGE_MS,
                reconnect_backoff_max_ms=500,
                metadata_max_age_ms=5_000,
            )
        return self._producer


def _is_acknowledged(future: Any) -> bool:
    try:
        future.get(timeout=2 * ACKNOWLEDGE_MS / 1000)
    except KafkaError:
        return False
    return True
