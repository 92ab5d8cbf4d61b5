"""What the throughput benchmark holds contenders to, against the events themselves, one by one."""

import sys
from collections import Counter
from pathlib import Path
from types import ModuleType

import msgspec
import pytest

from benchmarks.expected import Moments, applied_up_to, ends_of, phases_of
from benchmarks.load import METRIC_TYPES, VARIANTS, WINDOW_DAYS, Load
from benchmarks.phase_rates import Cpu, Sample, rate_of
from benchmarks.prefill import partitions_of
from cli.company.typical import account_names

PARTITIONS = 3
LOAD = Load(accounts=300, experiments=7, touches=3_000, mixed=1_000)
PEERS = Path(__file__).parent.parent.parent / "benchmarks" / "peers"


@pytest.fixture
def pipeline_job(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The job as the peers do it: a script beside theirs, since it stands alone."""
    monkeypatch.syspath_prepend(str(PEERS))
    monkeypatch.delitem(sys.modules, "pipeline_job", raising=False)
    import pipeline_job  # noqa: PLC0415 - found only from here on

    return pipeline_job


def job_of(pipeline_job: ModuleType, load: Load) -> object:
    return pipeline_job.Settings(
        kafka="", topic="", group="", database="", state_dir="",
        experiments={key: number for number, key in enumerate(load.keys)},
        variants={key: number for number, key in enumerate(VARIANTS)},
        counted=tuple(name.removesuffix("*") for name in METRIC_TYPES),
        window_us=WINDOW_DAYS * 86_400_000_000,
    )  # fmt: skip


def folded(pipeline_job: ModuleType, load: Load, limits: dict[int, int]) -> Moments:
    """The sums by reading each event before the limits, as the peers read them."""
    attribution = pipeline_job.Attribution(job_of(pipeline_job, load))
    units: dict[str, list[object]] = {}
    cells: dict[tuple[int, int, int], list[int]] = {}
    reached: Counter[int] = Counter()
    for _, chunks in phases_of(load):
        for chunk in chunks:
            of_partition = partitions_of(account_names(chunk.rows.accounts), PARTITIONS)
            events = load.templates.write(chunk.rows)
            for raw, partition in zip(events, of_partition.tolist(), strict=True):
                reached[partition] += 1
                if reached[partition] <= limits[partition]:
                    event = pipeline_job.decode_event(raw)
                    changes = attribution.fold(event, units.setdefault(event.account, []))
                    pipeline_job.add_up(cells, changes or [])
    return {cell: (n, y, yy) for cell, (n, y, yy) in cells.items()}


def test_expected_sums_are_those_of_the_events_up_to_the_offsets(pipeline_job: ModuleType) -> None:
    for limits in ({0: 1_500, 1: 10, 2: 700}, ends_of(LOAD, PARTITIONS)["mixed"]):
        expected = applied_up_to(LOAD, limits, PARTITIONS).moments()

        assert expected == folded(pipeline_job, LOAD, limits)


def test_phases_end_where_all_their_events_are_counted() -> None:
    ends = ends_of(LOAD, PARTITIONS)

    assert [sum(ends[phase].values()) for phase in ("exposures", "touches", "mixed")] == [
        500,
        3_500,
        4_500,
    ]


def test_a_peer_takes_a_unit_that_meets_another_variant_out_of_the_sums(
    pipeline_job: ModuleType,
) -> None:
    attribution = pipeline_job.Attribution(job_of(pipeline_job, LOAD))
    units: list[object] = []
    cells: dict[tuple[int, int, int], list[int]] = {}

    for number, (kind, variant) in enumerate(
        [
            ("experiment.exposure", "control"),
            ("engagement.page.viewed", ""),
            ("experiment.exposure", "treatment"),
            ("engagement.page.viewed", ""),
        ]
    ):
        raw = msgspec.json.encode(
            {
                "id": str(number),
                "source": "s",
                "type": kind,
                "time": f"2026-01-05T00:00:0{number}Z",
                "account": "a",
                "data": {"experiment": "load-00001", "variant": variant},
            }
        )
        event = pipeline_job.decode_event(raw)
        pipeline_job.add_up(cells, attribution.fold(event, units) or [])

    assert list(cells.values()) == [[0, 0, 0]]


def sample(seconds: float, *offsets: int) -> Sample:
    return Sample(seconds, dict(enumerate(offsets)), Cpu(seconds / 2, 0, 0))


def test_the_rate_of_a_phase_leaves_out_the_start_and_the_intervals_of_other_phases() -> None:
    samples = [
        sample(0, 0, 0),
        sample(10, 0, 0),
        sample(11, 100, 100),  # the first commit: what came before it is the start
        sample(12, 150, 150),
        sample(12.5, 150, 150),  # nothing new
        sample(13, 200, 200),
        sample(14, 300, 900),  # half of it is of the next phase
    ]

    rate = rate_of(samples, begins={0: 0, 1: 0}, ends={0: 300, 1: 300})

    assert rate is not None
    assert (rate.events, rate.seconds, rate.longest_seconds) == (200, 2, 1)
    assert rate.per_second == 100
    assert rate.microseconds(rate.cpu.workers) == 5_000


def test_a_phase_without_an_interval_of_its_own_has_no_rate() -> None:
    samples = [sample(0, 0), sample(1, 100), sample(2, 200)]

    assert rate_of(samples, begins={0: 500}, ends={0: 900}) is None
