"""The job of the throughput benchmark as its peers do it: events to changed sums. Stands alone.

An experiment's unit is the account. Its first exposure decides its variant; a unit that meets
another variant is mixed and leaves the sums. Touches inside the window after the exposure are the
outcome y; n, Σy and Σy² are kept for each experiment, variant and exposure day, exactly.

Left out, all in the peers' favour: every check of an event beyond the types of the fields read
here; exposures and touches that come late, for which a history would be read; contacts and the
accounts they move to; definitions that change; dead letters; covariates, ratios and deals.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, TypeAlias

import msgspec

EXPOSURE = "experiment.exposure"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_DAY_US = 86_400_000_000

Cell: TypeAlias = tuple[int, int, int]
"""Experiment and variant by number, and the exposure day since 1970."""
Change: TypeAlias = tuple[Cell, int, int, int]
"""What n, Σy and Σy² of a cell change by."""


class Settings(NamedTuple):
    """Where to read and write, and the experiments with their one metric."""

    kafka: str
    topic: str
    group: str
    database: str
    state_dir: str
    experiments: Mapping[str, int]
    variants: Mapping[str, int]
    counted: tuple[str, ...]
    window_us: int

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "Settings":
        """Read the environment, once."""
        job = json.loads(environ["PEER_JOB"])
        return cls(
            kafka=environ["PEER_KAFKA"],
            topic=environ["PEER_TOPIC"],
            group=environ["PEER_GROUP"],
            database=environ["PEER_DATABASE"],
            state_dir=environ["PEER_STATE_DIR"],
            experiments={key: number for number, key in enumerate(job["experiments"])},
            variants={key: number for number, key in enumerate(job["variants"])},
            counted=tuple(job["counted"]),
            window_us=job["window_us"],
        )


class Data(msgspec.Struct, gc=False):
    """What a payload says of an exposure."""

    experiment: str = ""
    variant: str = ""


class Event(msgspec.Struct, gc=False):
    """The attributes that the job reads; the rest is stored as it came."""

    id: str
    source: str
    type: str
    time: datetime
    account: str
    data: Data


class Unit(msgspec.Struct, array_like=True, gc=False):
    """An account in an experiment."""

    experiment: int
    variant: int
    exposed_us: int
    y: int = 0
    mixed: bool = False


decode_event = msgspec.json.Decoder(Event).decode
decode_units = msgspec.msgpack.Decoder(list[Unit]).decode
encode_units = msgspec.msgpack.Encoder().encode


class Attribution:
    """Applies events to the units of their account."""

    def __init__(self, settings: Settings) -> None:
        self._experiments = settings.experiments
        self._variants = settings.variants
        self._prefixes = settings.counted
        self._window_us = settings.window_us
        self._counts: dict[str, bool] = {}

    def fold(self, event: Event, units: list[Unit]) -> list[Change] | None:
        """Apply one event to its account's units; None where it left them as they were."""
        at_us = (event.time - _EPOCH) // _MICROSECOND
        if event.type == EXPOSURE:
            return self._expose(event.data, at_us, units)
        return self._touch(at_us, units) if units and self._is_counted(event.type) else None

    def _is_counted(self, name: str) -> bool:
        known = self._counts.get(name)
        if known is None:
            known = self._counts[name] = name.startswith(self._prefixes)
        return known

    def _touch(self, at_us: int, units: list[Unit]) -> list[Change] | None:
        touched, window_us = False, self._window_us
        changes = []
        for unit in units:
            if 0 <= at_us - unit.exposed_us < window_us:
                touched = True
                unit.y = y = unit.y + 1
                if not unit.mixed:
                    changes.append((_cell(unit), 0, 1, 2 * y - 1))
        return changes if touched else None

    def _expose(self, data: Data, at_us: int, units: list[Unit]) -> list[Change] | None:
        experiment = self._experiments.get(data.experiment)
        variant = self._variants.get(data.variant)
        if experiment is None or variant is None:
            return None
        for unit in units:
            if unit.experiment == experiment:
                return _meet_again(unit, variant)
        unit = Unit(experiment, variant, at_us)
        units.append(unit)
        return [(_cell(unit), 1, 0, 0)]


def add_up(cells: dict[Cell, list[int]], changes: list[Change]) -> None:
    """Add changes to those that wait to be written."""
    for key, n, y, yy in changes:
        cell = cells.get(key)
        if cell is None:
            cells[key] = [n, y, yy]
        else:
            cell[0] += n
            cell[1] += y
            cell[2] += yy


def _meet_again(unit: Unit, variant: int) -> list[Change] | None:
    if unit.mixed or unit.variant == variant:
        return None
    unit.mixed = True
    return [(_cell(unit), -1, -unit.y, -unit.y * unit.y)]


def _cell(unit: Unit) -> Cell:
    return unit.experiment, unit.variant, unit.exposed_us // _DAY_US
