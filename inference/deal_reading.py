"""When do deals close? The shares won and lost over time, and two variants compared at their end.

A unit without a closed deal is open, not lost. Shares are shown once there are units and closings
enough; the comparison is made once, when all windows have passed, within the metric's window, which
was fixed before the start: "won so far" would call a treatment that only speeds deals up a winner.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta

import msgspec

from inference.comparison import Comparison, NotComparable, Reason, not_comparable
from inference.competing_risks import WonShare, compare_won, won_shares
from inference.deal_times import DealState, DealTime
from inference.plan import ArmPlan, ExperimentPlan, MetricPlan
from inference.statuses import FEWEST_EVENTS, FEWEST_UNITS
from inference.survival import LogRank, compare_pace, compare_time_open
from inference.wording import percent_in_words, range_in_words
from schemas.resources import MetricKind
from schemas.wording import Language, Sentence

DAY_SECONDS = 86_400


class ArmDeals(msgspec.Struct, frozen=True, kw_only=True):
    """Units of one variant by how their deals stand; times in days since exposure.

    `shares` has a step for each day on which a deal closed, and is absent where `reason` says why.
    """

    variant: str
    units: int
    won: int
    lost: int
    open: int
    shares: tuple[WonShare, ...] | None = None
    reason: Reason | None = None


class DealComparison(msgspec.Struct, frozen=True, kw_only=True):
    """Variant minus baseline within `horizon_days`: one look, at the registered end.

    `won` is the difference of the shares won, `days_open` that of the mean days a unit stays
    without a closed deal, `pace` the log-rank test. All absent where `reason` says why.
    """

    baseline: str
    variant: str
    horizon_days: float
    won: Comparison | None = None
    days_open: Comparison | None = None
    pace: LogRank | None = None
    reason: Reason | None = None
    sentence: Sentence


class DealReading(msgspec.Struct, frozen=True, kw_only=True):
    """Deals of all variants on one metric, and each variant against the control."""

    metric: str
    arms: tuple[ArmDeals, ...]
    pairs: tuple[DealComparison, ...]


def read_deals(
    plan: ExperimentPlan,
    metric: MetricPlan,
    deals: Mapping[str, Sequence[DealTime]],
    *,
    obstacle: Reason | None,
    is_over: bool,
) -> DealReading:
    """Deals by variant, times in whole seconds since exposure.

    `obstacle` keeps the whole experiment from being read; `is_over` says that intake is over and
    no window is open. `ValueError` where a variant is not the plan's.
    """
    strangers = set(deals) - {arm.variant for arm in plan.arms}
    if strangers:
        raise ValueError(f"deals: {sorted(strangers)} are no variants of {plan.key!r}")
    control, *variants = plan.control_first
    arms = tuple(_arm(arm, deals.get(arm.variant, ()), obstacle) for arm in (control, *variants))
    shortage = next((arm.reason for arm in arms if arm.reason), None)
    early = None if is_over else Reason.BEFORE_REGISTERED_END
    reason = obstacle or shortage or early
    pairs = tuple(_pair(plan, metric, control, arm, deals, reason) for arm in variants)
    return DealReading(metric=metric.key, arms=arms, pairs=pairs)


def _arm(arm: ArmPlan, deals: Sequence[DealTime], obstacle: Reason | None) -> ArmDeals:
    states = Counter(deal.state for deal in deals)
    counts = ArmDeals(
        variant=arm.variant,
        units=len(deals),
        won=states[DealState.WON],
        lost=states[DealState.LOST],
        open=states[DealState.OPEN],
    )
    reason = obstacle or _shortage(counts)
    if reason is not None:
        return msgspec.structs.replace(counts, reason=reason)
    return msgspec.structs.replace(counts, shares=won_shares([_in_days(d) for d in deals]))


def _shortage(counts: ArmDeals) -> Reason | None:
    if counts.units < FEWEST_UNITS:
        return Reason.TOO_FEW_UNITS
    return Reason.TOO_FEW_EVENTS if counts.won + counts.lost < FEWEST_EVENTS else None


def _in_days(deal: DealTime) -> DealTime:
    """Whole days: a closing counts from the end of its day, an open deal was seen to its last."""
    if deal.state is DealState.OPEN:
        return DealTime(deal.time // DAY_SECONDS, deal.state)
    return DealTime(-(-deal.time // DAY_SECONDS), deal.state)


def _pair(
    plan: ExperimentPlan,
    metric: MetricPlan,
    control: ArmPlan,
    variant: ArmPlan,
    deals: Mapping[str, Sequence[DealTime]],
    reason: Reason | None,
) -> DealComparison:
    horizon = metric.window // timedelta(seconds=1)
    sides = deals.get(control.variant, ()), deals.get(variant.variant, ())
    level = 1 - plan.alpha / (len(plan.arms) - 1)
    won: Comparison | NotComparable = (
        not_comparable(reason) if reason else compare_won(*sides, horizon=horizon, level=level)
    )
    found = DealComparison(
        baseline=control.variant,
        variant=variant.variant,
        horizon_days=horizon / DAY_SECONDS,
        sentence=Sentence("", ""),
    )
    if isinstance(won, NotComparable):
        sentence = _without(won.reason, metric, control, variant)
        return msgspec.structs.replace(found, reason=won.reason, sentence=sentence)
    days_open = compare_time_open(*sides, horizon=horizon, level=level)
    pace = compare_pace(*sides)
    return msgspec.structs.replace(
        found,
        won=won,
        days_open=_per_day(days_open) if isinstance(days_open, Comparison) else None,
        pace=pace if isinstance(pace, LogRank) else None,
        sentence=_sentence(plan, metric, control, variant, won),
    )


def _per_day(seconds: Comparison) -> Comparison:
    error = seconds.standard_error
    return msgspec.structs.replace(
        seconds,
        estimate=seconds.estimate / DAY_SECONDS,
        lower=seconds.lower / DAY_SECONDS,
        upper=seconds.upper / DAY_SECONDS,
        standard_error=None if error is None else error / DAY_SECONDS,
    )


def _sentence(
    plan: ExperimentPlan, metric: MetricPlan, control: ArmPlan, variant: ArmPlan, won: Comparison
) -> Sentence:
    kind = _KINDS[plan.randomised, won.excludes_zero]
    facts = {language: _facts(plan, metric, control, variant, won, language) for language in _BOTH}
    return Sentence(kind.en.format(**facts["en"]), kind.de.format(**facts["de"]))


def _facts(
    plan: ExperimentPlan,
    metric: MetricPlan,
    control: ArmPlan,
    variant: ArmPlan,
    won: Comparison,
    language: Language,
) -> dict[str, str]:
    as_share = msgspec.structs.replace(metric, kind=MetricKind.CONVERSION)
    words = range_in_words(won, as_share, plan.unit, language)
    return {
        **_names(metric, control, variant),
        "estimate": words.estimate,
        "lower": words.lower,
        "upper": words.upper,
        "level": percent_in_words(won.level, language),
    }


def _names(metric: MetricPlan, control: ArmPlan, variant: ArmPlan) -> dict[str, str]:
    return {
        "baseline": control.name or control.variant,
        "variant": variant.name or variant.variant,
        "days": str(math.ceil(metric.window / timedelta(days=1))),
    }


def _without(reason: Reason, metric: MetricPlan, control: ArmPlan, variant: ArmPlan) -> Sentence:
    template = _REASONS.get(reason, _NOT_YET)
    names = _names(metric, control, variant)
    return Sentence(template.en.format(**names), template.de.format(**names))


_BOTH: tuple[Language, Language] = ("en", "de")
_RANGE_EN = "{estimate} ({level} interval of the one look at the end: {lower} to {upper})"
_RANGE_DE = "{estimate} ({level}-Intervall des einen Blicks am Ende: {lower} bis {upper})"
_KINDS = {
    (True, True): Sentence(
        en="Within {days} days of exposure the share of deals won differs between {variant} and "
        "{baseline} by " + _RANGE_EN + ".",
        de="Binnen {days} Tagen nach der Begegnung unterscheidet sich der Anteil gewonnener Deals "
        "zwischen {variant} und {baseline} um " + _RANGE_DE + ".",
    ),
    (True, False): Sentence(
        en="No difference shown in the share of deals won within {days} days between {variant} and "
        "{baseline}: " + _RANGE_EN + ". This does not show that there is none.",
        de="Kein Unterschied im Anteil der binnen {days} Tagen gewonnenen Deals zwischen {variant} "
        "und {baseline} gezeigt: " + _RANGE_DE + ". Das zeigt nicht, dass es keinen gibt.",
    ),
}
_ASSOCIATION = Sentence(
    en="Within {days} days the shares of deals won of {variant} and {baseline} differ by "
    + _RANGE_EN
    + ". This is an association, not an effect: nobody was assigned at random.",
    de="Binnen {days} Tagen unterscheiden sich die Anteile gewonnener Deals von {variant} und "
    "{baseline} um " + _RANGE_DE + ". Das ist ein Zusammenhang, keine Wirkung: Es wurde nicht "
    "zufällig zugeteilt.",
)
_KINDS |= {(False, True): _ASSOCIATION, (False, False): _ASSOCIATION}
_NOT_YET = Sentence(
    en="Nothing to say yet about when deals of {variant} and {baseline} close.",
    de="Noch keine Aussage dazu, wann Deals von {variant} und {baseline} abgeschlossen werden.",
)
_REASONS = {
    Reason.BEFORE_REGISTERED_END: Sentence(
        en="{variant} and {baseline} are compared once, at the registered end: until then the "
        "share won so far would favour whatever closes deals sooner.",
        de="{variant} und {baseline} werden einmal verglichen, am eingetragenen Ende: Bis dahin "
        "bevorzugte der bisher gewonnene Anteil, was Deals nur früher abschließt.",
    ),
    Reason.HORIZON_NOT_SEEN: Sentence(
        en="No unit of a variant has been followed for {days} days yet.",
        de="Noch ist keine Einheit einer der Varianten {days} Tage lang begleitet.",
    ),
    Reason.TOO_FEW_UNITS: Sentence(
        en="Too early to say when deals of {variant} and {baseline} close: too few units.",
        de="Zu früh für eine Aussage dazu, wann Deals von {variant} und {baseline} abgeschlossen "
        "werden: zu wenige Einheiten.",
    ),
    Reason.TOO_FEW_EVENTS: Sentence(
        en="Too early to say when deals of {variant} and {baseline} close: too few have closed.",
        de="Zu früh für eine Aussage dazu, wann Deals von {variant} und {baseline} abgeschlossen "
        "werden: Es sind erst wenige abgeschlossen.",
    ),
}
