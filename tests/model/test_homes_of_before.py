"""Homes whose states were written before a home belonged to a partition."""

import pytest

from schemas.events import Event
from storage.batches import AloneInGateRequired, DecodedBatch, LogEvent, apply_batch
from storage.definitions import NOTHING_LOADED
from storage.pool import Connection
from tests.model.beside import apply_anew, on_two
from tests.model.test_one_home_in_two_partitions import EXPOSED, FIRST_LEAD, batch_of
from tests.storage.stream import TOPIC_ID, build_all, register
from tests.storage.test_batches import HOUR, LEADS, T0, TEST, lead, leads_by_variant
from tests.storage.test_verification import verified


def test_a_home_that_is_nobodys_is_claimed_before_it_is_read(database: str) -> None:
    async def body(one: Connection, other: Connection) -> None:
        await register(one, [LEADS], TEST)
        await build_all(one)
        await apply_anew(one, batch_of([lead(9, hours=-1, account="acme")], 0))
        await one.execute("UPDATE account_states SET partition_number = NULL")

        with pytest.raises(AloneInGateRequired):
            async with one.transaction():
                await apply_batch(one, batch_of([EXPOSED], 0, first=1), NOTHING_LOADED, alone=False)
        await apply_anew(one, batch_of([EXPOSED], 0, first=1))
        await apply_anew(other, batch_of([FIRST_LEAD], 4))

        assert await leads_by_variant(one, "subject-line") == {1: (1, 1)}
        assert (await verified(one)).differences == []

    on_two(database, body)


def test_a_home_that_was_read_alone_is_the_readers_even_if_its_state_stays(database: str) -> None:
    async def body(one: Connection, other: Connection) -> None:
        await register(one, [LEADS], TEST)
        await build_all(one)
        await apply_anew(one, batch_of([lead(9, hours=-1, account="acme")], 0))
        await one.execute("UPDATE account_states SET partition_number = NULL")

        await apply_anew(one, batch_of([lead(8, hours=-1, account="acme")], 0, first=1))

        async with one.transaction():  # Not alone any more.
            await apply_batch(one, batch_of([FIRST_LEAD], 0, first=2), NOTHING_LOADED, alone=False)

    on_two(database, body)


def test_a_home_that_a_contacts_event_meets_alone_stays_its_partitions(database: str) -> None:
    async def body(one: Connection, other: Connection) -> None:
        await register(one, [LEADS], TEST)
        await build_all(one)
        link = Event(source="crm", id="k1", type="identity.linked", time_us=T0, account="acme",
                     contact="ann")  # fmt: skip
        await apply_anew(one, batch_of([EXPOSED, link], 0))
        early = LogEvent(lead(5, contact="ann"), b"contact:ann", T0 + HOUR)

        await apply_anew(one, DecodedBatch(TOPIC_ID, "events", 4, 0, 1, [early], ()))

        async with one.transaction():  # Not alone.
            batch = batch_of([FIRST_LEAD], 0, first=2)
            await apply_batch(one, batch, NOTHING_LOADED, alone=False)
        assert await leads_by_variant(one, "subject-line") == {1: (1, 2)}
        assert (await verified(one)).differences == []

    on_two(database, body)
