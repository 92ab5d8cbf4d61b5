"""When will an experiment have the units that it needs, if units keep coming as they do?

The slower arm decides; the window of the last unit is waited for. Exact in time: no float of days.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from inference.arguments import ArgumentError, whole
from inference.planning import NoPlan, PlanReason, Units

_TICK = timedelta(microseconds=1)
_FAR_AWAY = timedelta(days=3650)


class Traffic(msgspec.Struct, frozen=True, kw_only=True):
    """Units that met each arm (or would have) during a period: the live ones, or the past's."""

    control: int
    treatment: int
    period: timedelta

    def __post_init__(self) -> None:
        whole("control", self.control, at_least=0)
        whole("treatment", self.treatment, at_least=0)
        if self.period <= timedelta(0):
            raise ArgumentError("period", f"must be longer than nothing, not {self.period}")


def expected_end(
    needed: Units, exposed: Units, traffic: Traffic, *, window: timedelta, now: datetime
) -> datetime | NoPlan:
    """When both arms will have the needed units mature; `exposed` counts those that came already.

    `now` must know its time zone. Where an arm gets no units, or ten years would not suffice,
    there is no end.
    """
    _refuse(window, now)
    waits = (
        _wait(needed.control - exposed.control, traffic.control, traffic.period),
        _wait(needed.treatment - exposed.treatment, traffic.treatment, traffic.period),
    )
    if any(wait is None for wait in waits):
        return NoPlan(PlanReason.NO_TRAFFIC, "an arm that needs units gets none")
    longest = max(wait for wait in waits if wait is not None)
    if longest > _FAR_AWAY // _TICK:
        return NoPlan(PlanReason.TOO_FAR_AWAY, "more than ten years at this pace")
    return now + longest * _TICK + window


def _wait(missing: int, arriving: int, period: timedelta) -> int | None:
    """Microseconds until the missing units have come, never rounded down."""
    if missing <= 0:
        return 0
    return None if arriving == 0 else -(-missing * (period // _TICK) // arriving)


def _refuse(window: timedelta, now: datetime) -> None:
    if window < timedelta(0):
        raise ArgumentError("window", f"must not be negative, not {window}")
    if now.tzinfo is None:
        raise ArgumentError("now", "must know its time zone")
