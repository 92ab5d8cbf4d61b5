"""Readings take turns, few at once, and rest for as long as they took."""

import asyncio

from api.reading_turns import ReadingTurns

COST = 0.05


def test_only_so_many_readings_are_made_at_once() -> None:
    under_way = most = 0

    async def read(turns: ReadingTurns) -> None:
        nonlocal under_way, most
        async with turns.turn():
            under_way += 1
            most = max(most, under_way)
            await asyncio.sleep(0)
            under_way -= 1

    async def read_all() -> None:
        turns = ReadingTurns(at_once=2)
        await asyncio.gather(*(read(turns) for _ in range(10)))

    asyncio.run(read_all())

    assert most == 2


def test_a_reading_is_followed_by_a_rest_that_only_the_next_one_waits_for() -> None:
    async def read_twice() -> tuple[float, float, float]:
        turns, loop = ReadingTurns(at_once=1, rest_per_cost=1.0), asyncio.get_running_loop()
        began = loop.time()
        async with turns.turn() as turn:
            await asyncio.sleep(COST)
        left = loop.time() - began
        async with turns.turn():
            return turn.seconds, left, loop.time() - began

    took, left, next_began = asyncio.run(read_twice())

    assert COST <= took <= left < next_began
    assert next_began >= 2 * COST


def test_a_reading_that_fails_gives_its_turn_back() -> None:
    async def fail_and_read() -> bool:
        turns = ReadingTurns(at_once=1)
        try:
            async with turns.turn():
                raise LookupError
        except LookupError:
            async with asyncio.timeout(5), turns.turn():
                return True

    assert asyncio.run(fail_and_read())
