"""The load of the throughput benchmark: valid, keyed as the log is, and what it says it is."""

from collections import Counter
from collections.abc import Iterator

import pytest
from aiokafka.partitioner import murmur2

from benchmarks.load import Chunk, Load
from benchmarks.prefill import partitions_of
from cli.company.typical import account_names
from schemas.codec import decode
from schemas.events import Event
from schemas.partitioning import partition_key

NOW_US = 1_800_000_000_000_000
LOAD = Load(accounts=500, experiments=20, touches=2_000, mixed=2_000)


def phases(load: Load) -> Iterator[Chunk]:
    yield from load.exposure_phase()
    yield from load.touch_phase()
    yield from load.mixed_phase()


def events_of(load: Load) -> list[Event]:
    raws = [raw for chunk in phases(load) for raw in load.templates.write(chunk.rows)]
    return [decode(raw, now_us=NOW_US) for raw in raws]


def test_every_account_meets_two_experiments_once_and_is_touched_only_afterwards() -> None:
    met: Counter[str | None] = Counter()

    for event in events_of(LOAD):
        if event.type == "experiment.exposure":
            met[event.account] += 1
        else:
            assert met[event.account] == 2

    assert len(met) == 500
    assert set(met.values()) == {2}


def test_experiments_and_variants_are_met_about_equally_often() -> None:
    load = Load(accounts=10_000, experiments=20)

    met = Counter((e.data["experiment"], e.data["variant"]) for e in events_of(load))

    assert len(met) == 40
    # 20,000 exposures on 40 arms: a standard deviation of 22, so five of them either way.
    assert all(390 < exposures < 610 for exposures in met.values())


def test_ids_are_unique_and_time_goes_on() -> None:
    events = events_of(LOAD)

    assert len({event.id for event in events}) == len(events) == 800 + 2_000 + 2_000
    assert [e.time_us for e in events] == sorted(e.time_us for e in events)


def test_a_tenth_of_the_mixed_phase_exposes_accounts_that_are_new() -> None:
    mixed = [raw for chunk in LOAD.mixed_phase() for raw in LOAD.templates.write(chunk.rows)]

    kinds = Counter(decode(raw, now_us=NOW_US).type for raw in mixed)

    assert kinds["experiment.exposure"] == 200


def test_records_are_in_the_partition_where_kafkas_own_producer_puts_them() -> None:
    chunk = next(LOAD.touch_phase())
    raws = LOAD.templates.write(chunk.rows)

    chosen = partitions_of(account_names(chunk.rows.accounts), 7).tolist()

    keys = [partition_key(decode(raw, now_us=NOW_US)) for raw in raws]
    assert chosen == [(murmur2(key) & 0x7FFFFFFF) % 7 for key in keys]


def test_a_skewed_load_touches_few_accounts_often() -> None:
    even = Load(accounts=1_000, experiments=2, touches=10_000)
    skewed = Load(accounts=1_000, experiments=2, touches=10_000, skew=1.0)

    most = [
        Counter(next(load.touch_phase()).rows.accounts.tolist()).most_common(1)[0][1]
        for load in (even, skewed)
    ]

    assert most[0] < 40
    assert 900 < most[1] < 1_200  # ln 2 / ln 1001 of all, a tenth


@pytest.mark.parametrize(
    ("accounts", "experiments", "mixed", "field"),
    [(10, 1, 0, "touching"), (10, 2, 200, "accounts"), (10_000_001, 2, 0, "accounts")],
)
def test_a_load_that_cannot_be_is_refused(
    accounts: int, experiments: int, mixed: int, field: str
) -> None:
    with pytest.raises(ValueError, match=f"^{field}: "):
        Load(accounts=accounts, experiments=experiments, mixed=mixed)


def test_numbers_that_would_be_cut_to_the_same_id_are_refused() -> None:
    load = Load(accounts=10, experiments=2, touches=1, first_id=10**16)

    with pytest.raises(ValueError, match=r"^numbers: "):
        load.templates.write(next(load.touch_phase()).rows)
