"""Where every field of a results document belongs: the level from which on it is seen.

A whitelist: a field that is not named here is seen by nobody, so a new one stays hidden until it
is placed. A place may name when else it is seen, and how an item of a list is placed by itself.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import msgspec

from schemas.policies import Level


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """The level of a field and of the fields within it.

    Without `within` it holds single values only, or a list of them; `whole` lets pass whatever it
    holds, for what people registered themselves. `pinned` waits for a pinned snapshot, which does
    not change with every unit. `of_item` raises the level of single items.
    """

    level: Level
    within: Mapping[str, "Place"] | None = None
    whole: bool = False
    pinned: bool = False
    of_item: Callable[[Mapping[str, Any]], Level] | None = None


Fields = Mapping[str, Place]


def _at(level: Level, names: str) -> dict[str, Place]:
    return {name: Place(level=level) for name in names.split()}


def _within(level: Level, fields: Mapping[str, Place], **more: Any) -> Place:
    return Place(level=level, within=MappingProxyType(dict(fields)), **more)


def _level_of_metric(metric: Mapping[str, Any]) -> Level:
    """The headline is what the experiment was registered for: its primary metrics."""
    return Level.HEADLINE if metric.get("role") == "primary" else Level.METRICS


_COMPARISON = {
    **_at(Level.HEADLINE, "method estimate lower upper level"),
    **_at(Level.METRICS, "n_control n_treatment standard_error statistic df p_value log_e reason"),
}
_DECIDING = _within(Level.HEADLINE, _COMPARISON)
_BESIDE = _within(Level.METRICS, _COMPARISON)
_BELIEF = _at(
    Level.METRICS,
    "mean lower upper level chance_to_be_better loss_of_treatment loss_of_control",
)
_TREND = _at(Level.METRICS, "slope lower upper level standard_error p_value weeks")
_WEEK = {
    **_at(Level.SEGMENTS, "week"),
    "effect": _within(Level.SEGMENTS, _COMPARISON),
}
_PAIR = {
    **_at(
        Level.HEADLINE,
        "baseline variant status reason n_baseline n_variant planned_units sentence estimate "
        "deciding",
    ),
    **_at(Level.METRICS, "alpha corrected_p_value lift_reason adjustment_reason look"),
    "always_valid": _DECIDING,
    "one_look": _DECIDING,
    **dict.fromkeys(
        ("fixed", "proportions", "lift", "lift_fixed", "adjusted", "adjusted_fixed"), _BESIDE
    ),
    **dict.fromkeys(("at_look", "uncapped"), _BESIDE),
    "belief": _within(Level.METRICS, _BELIEF),
    "trend": _within(Level.METRICS, _TREND),
    "weeks": _within(Level.SEGMENTS, _WEEK, pinned=True),
}
_SUMS = _at(Level.METRICS, "n sum_y sum_yy sum_x sum_xx sum_xy sum_d sum_dd sum_yd")
_INTERVAL = _at(Level.METRICS, "lower upper")
_ARM_ON_METRIC = {
    **_at(Level.HEADLINE, "variant n still_open"),
    **_at(Level.METRICS, "mean lower upper incomplete capped"),
    "clusters": _within(
        Level.METRICS,
        _at(
            Level.METRICS,
            "accounts contacts mean_size size_variation design_effect intraclass_correlation",
        ),
    ),
    "shrunken": _within(
        Level.METRICS,
        {**_at(Level.METRICS, "share"), "interval": _within(Level.METRICS, _INTERVAL)},
    ),
    "moments": _within(Level.METRICS, _SUMS),
    # Sums of units whose window is open would be an estimate before its time: their number only.
    "moments_still_open": _within(Level.METRICS, _at(Level.METRICS, "n")),
}
_METRIC = {
    **_at(
        Level.HEADLINE,
        "metric name version kind role direction unit_label currency mature_units planned_units "
        "expected_at released_at next_step_units",
    ),
    **_at(Level.METRICS, "window_seconds scale denominator_scale"),
    "arms": _within(Level.HEADLINE, _ARM_ON_METRIC),
    "pairs": _within(Level.HEADLINE, _PAIR),
}
_SPLIT = {
    **_at(Level.HEADLINE, "counts expected alarm unregistered_units"),
    **_at(Level.METRICS, "log_e p_value chi_square chi_square_df chi_square_p_value"),
}
_DAY = {**_at(Level.JOURNEYS, "day"), "split": _within(Level.JOURNEYS, _SPLIT)}
_INTAKE = {
    **_at(Level.HEADLINE, "exposed_units mixed_units exposures repeat_exposures"),
    "stray_exposures": _within(Level.METRICS, _at(Level.METRICS, "reason exposures meaning")),
    "deliveries": _within(
        Level.METRICS, _at(Level.METRICS, "topic accepted duplicates refused last_at")
    ),
}
_EXPERIMENT = {
    **_at(
        Level.HEADLINE,
        "key name hypothesis owner unit randomised starts_at ends_at planned_units status epoch "
        "created_at started_at stopped_at stop_reason team policy follows decision_rule template "
        "registered_at closed_at windows_close_at reviewed_at decided_at campaign policy_version",
    ),
    "variants": _within(Level.HEADLINE, _at(Level.HEADLINE, "key name weight control")),
    **_at(Level.METRICS, "alpha looks"),
    "comparisons": Place(level=Level.METRICS, whole=True),
    "interpreters": Place(level=Level.METRICS, whole=True),
    "invalidated": Place(level=Level.METRICS, whole=True),
    "dimensions": Place(level=Level.METRICS, whole=True),
    "exposure": Place(level=Level.METRICS, whole=True),
    "metrics": Place(level=Level.METRICS, whole=True),
}
_CELL = {
    **_at(Level.SEGMENTS, "variant accounts hidden edition"),
    "values": Place(level=Level.SEGMENTS, whole=True),
}
_BREAKDOWN = {
    **_at(Level.SEGMENTS, "dimension name measures has_ended"),
    "rows": _within(
        Level.SEGMENTS,
        {
            **_at(Level.SEGMENTS, "value"),
            "cells": _within(Level.SEGMENTS, _CELL),
            "readings": _within(
                Level.SEGMENTS,
                {
                    **_at(Level.SEGMENTS, "metric"),
                    "pairs": _within(Level.SEGMENTS, _PAIR),
                },
            ),
        },
    ),
    "totals": _within(Level.SEGMENTS, _CELL),
}
_TOUCH = _at(Level.JOURNEYS, "time type campaign content channel contact")
_JOURNEY = {
    **_at(Level.JOURNEYS, "account variant exposed_at"),
    "touches": _within(Level.JOURNEYS, _TOUCH),
}

RESULTS: Fields = MappingProxyType(
    {
        "experiment": _within(Level.HEADLINE, _EXPERIMENT),
        **_at(
            Level.HEADLINE,
            "read_at released_at release_sentence epoch reporting_currency exposed_since "
            "mixed_share evidence evidence_sentence cautions",
        ),
        "backfill": _within(
            Level.HEADLINE,
            _at(Level.HEADLINE, "complete homes_built homes newer_definition"),
        ),
        "intake": _within(Level.HEADLINE, _INTAKE),
        "sample_ratio": _within(Level.HEADLINE, _SPLIT),
        # Days hold few accounts each: alarm and evidence over all of them, single days as journeys.
        "sample_ratio_by_day": _within(
            Level.HEADLINE,
            {
                **_at(Level.HEADLINE, "alarm"),
                **_at(Level.METRICS, "log_e p_value"),
                "days": _within(Level.JOURNEYS, _DAY),
            },
        ),
        "decisions": _within(Level.METRICS, _at(Level.METRICS, "variant verdict metrics sentence")),
        "arms": _within(
            Level.HEADLINE, _at(Level.HEADLINE, "variant is_control share exposed mixed")
        ),
        "metrics": _within(Level.HEADLINE, _METRIC, of_item=_level_of_metric),
        "breakdowns": _within(Level.SEGMENTS, _BREAKDOWN),
        "journeys": _within(Level.JOURNEYS, _JOURNEY),
    }
)
"""The document that `GET /v1/experiments/{key}/results` makes, with breakdowns and journeys."""
