"""What is new about an experiment since it was last told of: period, statuses, alarms. Pure.

Read from the document that everybody reads, so that an insight never says anything else. Only
primary metrics are told of: they are what the headline shows.
"""

from collections.abc import Collection, Iterator, Mapping

import msgspec

from inference.statuses import MIXED_SHARE_LIMIT
from schemas.insight_sentences import (
    Pair,
    alarm_of_experiment,
    experiment_closed,
    experiment_started,
    status_changed,
)
from schemas.insights import (
    Alarm,
    AlarmKind,
    ExperimentClosed,
    ExperimentStarted,
    ReadingStatus,
    StatusChanged,
)
from storage.told import ToldPair

OF_THE_CLOCK = frozenset({"running", "closed"})
"""Where an experiment comes to stand by its period alone; all else are steps of people."""
FIRST_STATUS: ReadingStatus = "collecting"
"""Where every pair begins, told or not."""


class _Variant(msgspec.Struct, frozen=True):
    key: str
    name: str


class _Experiment(msgspec.Struct, frozen=True):
    key: str
    name: str
    status: str
    variants: tuple[_Variant, ...]


class _Backfill(msgspec.Struct, frozen=True):
    complete: bool


class _Split(msgspec.Struct, frozen=True):
    alarm: bool


class _Pair(msgspec.Struct, frozen=True):
    baseline: str
    variant: str
    status: ReadingStatus
    reason: str | None


class _Metric(msgspec.Struct, frozen=True):
    metric: str
    name: str
    role: str
    pairs: tuple[_Pair, ...]


class Seen(msgspec.Struct, frozen=True):
    """What an insight may be made of: that part of a results document."""

    experiment: _Experiment
    backfill: _Backfill
    mixed_share: float
    sample_ratio: _Split | None
    sample_ratio_by_day: _Split | None
    metrics: tuple[_Metric, ...]


_SEEN = msgspec.json.Decoder(Seen)


def seen_in(document: bytes) -> Seen:
    """Read a results document."""
    return _SEEN.decode(document)


def changed_standing(
    seen: Seen, told: str | None
) -> Iterator[ExperimentStarted | ExperimentClosed]:
    """Yield that a period began or ended: both happen by the clock, so no step tells of them."""
    experiment = seen.experiment
    if experiment.status == "running" and told is None:
        yield experiment_started(experiment.key, experiment.name)
    if experiment.status == "closed" and told != "closed":
        yield experiment_closed(experiment.key, experiment.name)


def changed_statuses(seen: Seen, told: Mapping[ToldPair, str]) -> Iterator[StatusChanged]:
    """Yield every primary comparison whose status is another than was told last."""
    for metric in seen.metrics:
        for pair in metric.pairs if metric.role == "primary" else ():
            place = ToldPair(metric.metric, pair.baseline, pair.variant)
            previous = told.get(place, FIRST_STATUS)
            if pair.status != previous:
                yield _change(seen.experiment, metric, pair, previous)


def changed_alarms(seen: Seen, standing: Collection[str]) -> Iterator[Alarm]:
    """Yield every alarm that began or ended."""
    for kind, is_raised in _alarms(seen):
        if is_raised != (kind in standing):
            yield alarm_of_experiment(
                seen.experiment.key, seen.experiment.name, kind, is_raised=is_raised
            )


def _alarms(seen: Seen) -> tuple[tuple[AlarmKind, bool], ...]:
    splits = (seen.sample_ratio, seen.sample_ratio_by_day)
    return (
        ("sample_ratio_mismatch", any(split is not None and split.alarm for split in splits)),
        ("too_many_mixed_units", seen.mixed_share > MIXED_SHARE_LIMIT),
    )


def _change(experiment: _Experiment, metric: _Metric, pair: _Pair, previous: str) -> StatusChanged:
    names = {variant.key: variant.name or variant.key for variant in experiment.variants}
    return status_changed(
        Pair(experiment.key, metric.metric, pair.baseline, pair.variant),
        Pair(experiment.name, metric.name, names[pair.baseline], names[pair.variant]),
        previous=msgspec.convert(previous, ReadingStatus),
        status=pair.status,
        reason=pair.reason,
    )
