"""Over real HTTP: whatever the gateway answers, every event ends as accepted or as refused."""

import asyncio
import json
from collections.abc import Sequence

import pytest

from cli.replaying.gateway import PATIENCE_SECONDS, gateway
from cli.replaying.targets import Answer, TargetError
from tests.replay.loopback_gateway import Events, Script, loopback_gateway


def event(number: int, **data: object) -> bytes:
    return json.dumps({"id": f"e{number}", "source": "urn:test", "data": data}).encode()


BATCH = [event(number) for number in range(8)]


def send(script: Script | None, batch: Sequence[bytes]) -> tuple[Answer, list[str], list[float]]:
    """The answer, the ids that arrived, and the pauses that were made."""
    pauses: list[float] = []

    async def note_pause(seconds: float) -> None:
        pauses.append(seconds)

    async def post(url: str) -> Answer:
        async with gateway(url, "secret") as target:
            target._sleep = note_pause
            return await target.send(batch)

    with loopback_gateway(script) as server:
        answer = asyncio.run(post(server.url))
    assert server.tokens == {"Bearer secret"}
    return answer, server.ids, pauses


def test_a_batch_is_taken_event_by_event() -> None:
    answer, ids, pauses = send(None, BATCH)

    assert answer == Answer(8)
    assert ids == [f"e{number}" for number in range(8)]
    assert pauses == []


def test_a_refused_event_is_named_with_field_and_rule() -> None:
    answer, ids, _ = send(None, [event(1), event(2, refused=True), event(3)])

    assert (answer.accepted, ids) == (2, ["e1", "e3"])
    (refused,) = answer.refused
    assert (refused.event, refused.reason) == (event(2, refused=True), "data.refused: schema")


def test_a_batch_of_which_every_event_is_refused_is_an_answer_too() -> None:
    answer, _, _ = send(None, [event(2, refused=True)])

    assert (answer.accepted, len(answer.refused)) == (0, 1)


@pytest.mark.parametrize("status", [429, 503])
def test_a_gateway_that_asks_to_wait_is_asked_again_when_it_said(status: int) -> None:
    def busy_at_first(number: int, _events: Events) -> tuple[int, dict[str, str]] | None:
        return (status, {"Retry-After": "7"}) if number <= 2 else None

    answer, ids, pauses = send(busy_at_first, BATCH)

    assert (answer, len(ids)) == (Answer(8), 8)
    assert pauses == [7.0, 7.0]


def test_without_a_time_to_wait_for_the_pauses_grow() -> None:
    def busy_at_first(number: int, _events: Events) -> tuple[int, dict[str, str]] | None:
        return (502, {}) if number <= 4 else None

    _, _, pauses = send(busy_at_first, BATCH)

    assert pauses == [0.5, 1.0, 2.0, 4.0]


def test_patience_ends_and_says_how_to_continue() -> None:
    def always_busy(_number: int, _events: Events) -> tuple[int, dict[str, str]]:
        return 503, {"Retry-After": str(int(PATIENCE_SECONDS / 2))}

    with pytest.raises(TargetError, match=r"took nothing for 120 seconds \(503 Trouble\)\. Run"):
        send(always_busy, BATCH)


def test_a_batch_that_is_too_large_is_split_until_it_fits() -> None:
    def takes_three(_number: int, events: Events) -> tuple[int, dict[str, str]] | None:
        return (413, {}) if len(events) > 3 else None

    answer, ids, _ = send(takes_three, BATCH)

    assert answer == Answer(8)
    assert ids == [f"e{number}" for number in range(8)]


def test_an_event_that_is_too_large_by_itself_is_refused_and_the_others_taken() -> None:
    def not_the_fifth(_number: int, events: Events) -> tuple[int, dict[str, str]] | None:
        return (413, {}) if any(e["id"] == "e5" for e in events) else None

    answer, ids, _ = send(not_the_fifth, BATCH)

    assert answer.accepted == 7
    assert [refused.reason for refused in answer.refused] == ["event: too_large"]
    assert "e5" not in ids


def test_an_event_that_makes_its_batch_unreadable_is_found_and_the_others_taken() -> None:
    answer, ids, _ = send(None, [*BATCH[:5], b'{"id": "cut o', *BATCH[5:]])

    assert answer.accepted == 8
    assert [(r.event, r.reason) for r in answer.refused] == [
        (b'{"id": "cut o', "event: malformed_json")
    ]
    assert ids == [f"e{number}" for number in range(8)]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 415, 500])
def test_any_other_answer_ends_the_replay_with_its_title(status: int) -> None:
    def refuse(_number: int, _events: Events) -> tuple[int, dict[str, str]]:
        return status, {}

    with pytest.raises(TargetError, match=f"refused the batch: {status} Trouble"):
        send(refuse, BATCH)


def test_a_gateway_that_cannot_be_reached_is_tried_until_patience_ends() -> None:
    async def post() -> None:
        async with gateway("http://127.0.0.1:1", "secret") as target:
            target._sleep = lambda _seconds: asyncio.sleep(0)
            await target.send(BATCH)

    with pytest.raises(TargetError, match=r"ConnectError at http://127\.0\.0\.1:1"):
        asyncio.run(post())
