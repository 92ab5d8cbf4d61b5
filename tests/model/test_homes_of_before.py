"""Homes whose states were written before a home belonged to a partition."""

import pytest

from storage.pool import Connection
from tests.model.beside import apply_anew, apply_while_open, on_two
from tests.model.test_one_home_in_two_partitions import EXPOSED, FIRST_LEAD, batch_of
from tests.storage.stream import build_all, register
from tests.storage.test_batches import LEADS, TEST, lead, leads_by_variant
from tests.storage.test_verification import verified


@pytest.mark.xfail(
    strict=True,
    reason="storage/sql/states_of_homes.sql takes a home that is nobody's for everybody's: a batch"
    " that does not change its state writes nothing that could show that another one did",
)
def test_a_home_that_is_nobodys_is_claimed_before_it_is_read(database: str) -> None:
    async def body(one: Connection, other: Connection) -> None:
        await register(one, [LEADS], TEST)
        await build_all(one)
        await apply_anew(one, batch_of([lead(9, hours=-1, account="acme")], 0))
        await one.execute("UPDATE account_states SET partition_number = NULL")

        await apply_while_open(
            (one, other), batch_of([EXPOSED], 0, first=1), batch_of([FIRST_LEAD], 4)
        )

        assert await leads_by_variant(one, "subject-line") == {1: (1, 1)}
        assert (await verified(one)).differences == []

    on_two(database, body)
