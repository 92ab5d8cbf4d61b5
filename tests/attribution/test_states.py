"""States survive their packing, and every number in them fits."""

import msgspec
import pytest

from attribution.measures import fixed_point
from attribution.units import DealState, Entry, HomeState, MetricSums, UnitState, pack, unpack
from schemas.resources import MetricKind
from tests.attribution.company import defined, event, exposure, metric, streamed

LARGEST = 10**13
BEYOND_SIGNED = 2**63


def state_with(sums: MetricSums) -> HomeState:
    unit = UnitState(
        first=(1_740_960_000_000_001, "crm", "e-1"), variant=1, seen=0b11, exposures=3, sums=[sums]
    )
    return HomeState(entries={7: Entry(units={"": unit}, strays=[1, 2, 3])})


def test_a_state_comes_back_as_it_was_packed() -> None:
    deal = DealState(amount_at=(5, "crm", "a"), amount=-3, verdict_at=(6, "erp", "ö"), won=True)
    sums = MetricSums(y=-1, d=2, x=3, unreadable=4, deals={"d1": deal}, deals_before={})

    state = state_with(sums)

    assert unpack(pack(state)) == state
    assert unpack(pack(HomeState())) == HomeState(entries={})


def test_a_streamed_state_comes_back_as_it_was_packed() -> None:
    definition = defined(metric(MetricKind.LATEST_DEAL_VALUE, ("deal.*",)), covariate_hours=5)
    stream = streamed(
        definition,
        exposure("mail"),
        exposure("phone"),
        event("deal.won", 2, deal="d1", amount=100, currency="EUR"),
        event("deal.won", 0, deal="d2"),
    )

    (packed,) = stream.states.values()

    assert pack(unpack(packed)) == packed


def test_a_deal_remembered_before_reopening_was_told_apart_is_read_as_not_reopened() -> None:
    before = msgspec.msgpack.encode([(5, "crm", "a"), -3, (6, "erp", "b"), True])

    deal = msgspec.msgpack.decode(before, type=DealState)

    assert deal == DealState((5, "crm", "a"), -3, (6, "erp", "b"), won=True, reopened=False)


def test_two_states_share_no_mutable_part() -> None:
    first, second = unpack(pack(HomeState())), unpack(pack(HomeState()))

    first.entries[1] = Entry(units={})
    first.entries[1].strays[0] += 1

    assert second == HomeState(entries={})
    assert Entry(units={}).strays == [0, 0, 0]


@pytest.mark.parametrize("packed", [b"", b"\xc1", b"\x01", b"\x91\x81\xa1a\x90"])
def test_what_is_no_state_is_refused(packed: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        unpack(packed)


@pytest.mark.parametrize("sign", [1, -1])
def test_a_packed_sum_holds_nine_hundred_thousand_of_the_largest_numbers(sign: int) -> None:
    largest = fixed_point(sign * LARGEST, 0)
    assert largest is not None
    sums = MetricSums(y=900_000 * largest, d=900_000 * largest, x=900_000 * largest)

    state = state_with(sums)

    assert abs(900_000 * largest) < BEYOND_SIGNED
    assert unpack(pack(state)) == state


def test_the_bound_is_922337_of_the_largest_numbers_in_one_window() -> None:
    most = BEYOND_SIGNED // LARGEST
    fits = state_with(MetricSums(y=-most * LARGEST))

    assert most == 922_337
    assert unpack(pack(fits)) == fits
    with pytest.raises(OverflowError):
        pack(state_with(MetricSums(y=-(most + 1) * LARGEST)))


def test_deal_values_are_added_after_unpacking_and_cannot_overflow() -> None:
    definition = defined(metric(MetricKind.LATEST_DEAL_VALUE, ("deal.*",)))
    won = [
        event("deal.won", 2, deal=f"d{number}", amount=LARGEST, currency="EUR")
        for number in range(3)
    ]

    stream = streamed(definition, exposure("mail"), *won)

    (sums,) = stream.totals.moments.values()
    assert sums[1:3] == (3 * LARGEST, 9 * LARGEST**2)
    assert 9 * LARGEST**2 > BEYOND_SIGNED, "squares are never packed"
