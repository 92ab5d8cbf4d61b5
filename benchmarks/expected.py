"""What a prefix of the load has to come to, worked out from its numbers without reading an event.

A contender has applied each partition up to some offset. The load is in the topic from offset 0
on and in order, so an event is applied where fewer events of its partition stand before it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.load import Chunk, Load, days_of
from benchmarks.prefill import partitions_of
from cli.company.typical import Integers, account_names

Moments = dict[tuple[int, int, int], tuple[int, int, int]]
"""n, Σy and Σy² by experiment and variant, both by number, and exposure day since 1970."""
PHASES = ("exposures", "touches", "mixed")
_NOT_YET = -1


@dataclass(frozen=True)
class Applied:
    """The load up to some offsets: when each account was exposed first, second, ...; its touches.

    `exposed_us` has a row for each account and is negative where it was not exposed.
    """

    load: Load
    exposed_us: Integers
    touches: Integers

    def moments(self) -> Moments:
        """Return the sums of all cells in which anybody is."""
        found: Moments = {}
        accounts, slots = np.nonzero(self.exposed_us > _NOT_YET)
        experiments = self.load.experiments_of(accounts, slots)
        variants = self.load.variants_of(accounts, slots)
        days = days_of(self.exposed_us[accounts, slots])
        keys = np.column_stack([experiments, variants, days])
        cells, of_cell = np.unique(keys, axis=0, return_inverse=True)
        y = self.touches[accounts]
        sums = np.zeros((len(cells), 3), np.int64)
        for column, values in enumerate((np.ones_like(y), y, y * y)):
            np.add.at(sums[:, column], of_cell.ravel(), values)
        for cell, row in zip(cells.tolist(), sums.tolist(), strict=True):
            found[cell[0], cell[1], cell[2]] = (row[0], row[1], row[2])
        return found


def phases_of(load: Load) -> Iterator[tuple[str, Iterator[Chunk]]]:
    """Yield the phases of the load in the order in which they are in the topic."""
    chunks = (load.exposure_phase(), load.touch_phase(), load.mixed_phase())
    yield from zip(PHASES, chunks, strict=True)


def ends_of(load: Load, partitions: int) -> dict[str, dict[int, int]]:
    """Return the offset at which each phase ends, by phase and partition."""
    ends, reached = {}, np.zeros(partitions, np.int64)
    for phase, chunks in phases_of(load):
        for chunk in chunks:
            reached = reached + np.bincount(_partitions(chunk, partitions), minlength=partitions)
        ends[phase] = dict(enumerate(reached.tolist()))
    return ends


def applied_up_to(load: Load, next_offsets: Mapping[int, int], partitions: int) -> Applied:
    """Return what the load has come to where each partition was applied up to its offset."""
    limits = np.array([next_offsets.get(number, 0) for number in range(partitions)], np.int64)
    reached = np.zeros(partitions, np.int64)
    exposed_us = np.full((load.accounts, load.touching), _NOT_YET, np.int64)
    touches = np.zeros(load.accounts, np.int64)
    for _, chunks in phases_of(load):
        for chunk in chunks:
            if (reached >= limits).all():
                break
            is_applied = _is_applied(_partitions(chunk, partitions), reached, limits)
            _apply(chunk, is_applied, exposed_us, touches)
    return Applied(load, exposed_us, touches)


def _partitions(chunk: Chunk, partitions: int) -> Integers:
    return partitions_of(account_names(chunk.rows.accounts), partitions)


def _is_applied(of_partition: Integers, reached: Integers, limits: Integers) -> NDArray[np.bool_]:
    """Tell of each event whether it is before its partition's limit; move `reached` past all."""
    applied = np.zeros(len(of_partition), np.bool_)
    for partition, limit in enumerate(limits.tolist()):
        places = np.flatnonzero(of_partition == partition)
        applied[places[: max(0, limit - reached[partition])]] = True
        reached[partition] += len(places)
    return applied


def _apply(
    chunk: Chunk, is_applied: NDArray[np.bool_], exposed_us: Integers, touches: Integers
) -> None:
    accounts, slots = chunk.rows.accounts, chunk.slots
    exposing = is_applied & (slots > _NOT_YET)
    exposed_us[accounts[exposing], slots[exposing]] = chunk.rows.times_us[exposing]
    np.add.at(touches, accounts[is_applied & (slots == _NOT_YET)], 1)
