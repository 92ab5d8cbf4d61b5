"""One variant against its baseline on one metric: every method that fits the kind, and the status.

The always-valid interval decides; the fixed ones (Welch, proportions, a registered look) stand
beside it, the relative lift for another view, and the covariate-adjusted ones for less noise. Where
few units were planned, an exact test of single units decides.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from inference import reasons
from inference.bayesian import Belief
from inference.comparison import WATCHED, Comparison, Reason
from inference.comparisons import Comparisons
from inference.layout import Layout
from inference.novelty import Trend, WeekEffect
from inference.pair_table import PairTable
from inference.sentences import Pair, sentence_of_estimate, sentence_of_obstacle
from inference.statuses import STATUSES, Status
from schemas.wording import Sentence


class PairReading(msgspec.Struct, frozen=True, kw_only=True):
    """Variant minus baseline; every comparison is absent where `reason` says why.

    `deciding` names the comparison that decides. `one_look` exists for few units, at the registered
    end: it decides where there is no `always_valid`, else it stands beside it.

    `always_valid` decides, at the pair's own `alpha` from its family; `corrected_p_value` compares
    with the experiment's α. `fixed`, `proportions` and `lift_fixed` are for a single look, at the
    experiment's α. `proportions` exists for conversions; `lift` and `lift_fixed` where both means
    are clear of zero, else `lift_reason`; `adjusted` and `adjusted_fixed` for metrics with a
    covariate, else `adjustment_reason`; `at_look` once a registered look was reached; `uncapped`
    (Welch) where outcomes are capped. `belief` is the Bayesian view; `weeks` the effect by week of
    exposure, and `trend` its change, where there are weeks enough.
    """

    baseline: str
    variant: str
    status: Status
    reason: Reason | None = None
    n_baseline: int
    n_variant: int
    planned_units: float
    alpha: float
    corrected_p_value: float | None = None
    deciding: Literal["always_valid", "one_look"] | None = None
    always_valid: Comparison | None = None
    one_look: Comparison | None = None
    fixed: Comparison | None = None
    proportions: Comparison | None = None
    lift: Comparison | None = None
    lift_fixed: Comparison | None = None
    lift_reason: Reason | None = None
    adjusted: Comparison | None = None
    adjusted_fixed: Comparison | None = None
    adjustment_reason: Reason | None = None
    at_look: Comparison | None = None
    look: int | None = None
    uncapped: Comparison | None = None
    belief: Belief | None = None
    weeks: tuple[WeekEffect, ...] = ()
    trend: Trend | None = None
    sentence: Sentence

    @property
    def is_shown(self) -> bool:
        """Whether there is an estimate."""
        return self.deciding is not None

    @property
    def decisive(self) -> Comparison | None:
        """The comparison that the status comes from."""
        return self.always_valid if self.deciding == "always_valid" else self.one_look


def pair_reading(layout: Layout, table: PairTable, row: int) -> PairReading:
    """One row of the table as a value of its own, with its sentence."""
    counts = _counts(layout, table, row)
    pair = Pair(*layout.pairs[row], counts.n_baseline, counts.n_variant)
    deciding = table.by_units.get(row) or _comparison(table.always_valid, row)
    if deciding is None:
        sentence = sentence_of_obstacle(pair, counts.reason or Reason.DOES_NOT_APPLY)
        return msgspec.structs.replace(counts, sentence=sentence)
    is_watched = deciding.method in WATCHED
    return msgspec.structs.replace(
        counts,
        corrected_p_value=float(table.corrected.p_value[row]),
        deciding="always_valid" if is_watched else "one_look",
        always_valid=deciding if is_watched else None,
        one_look=table.beside.get(row) if is_watched else deciding,
        fixed=_comparison(table.fixed, row),
        proportions=_comparison(table.proportions, row),
        lift=_comparison(table.lift, row),
        lift_fixed=_comparison(table.lift_fixed, row),
        lift_reason=_reason(table.lift, row),
        adjusted=_comparison(table.adjusted, row),
        adjusted_fixed=_comparison(table.adjusted_fixed, row),
        adjustment_reason=_reason(table.adjusted, row),
        at_look=_comparison(table.at_look, row),
        look=int(table.looks[row]) or None,
        sentence=sentence_of_estimate(pair, counts.status, deciding),
    )


def _counts(layout: Layout, table: PairTable, row: int) -> PairReading:
    pair = layout.pairs[row]
    return PairReading(
        baseline=pair.baseline.variant,
        variant=pair.variant.variant,
        status=STATUSES[table.statuses[row]],
        reason=reasons.reason_of(int(table.reasons[row])),
        n_baseline=int(table.always_valid.n_control[row]),
        n_variant=int(table.always_valid.n_treatment[row]),
        planned_units=float(layout.rows.planned_units[row]),
        alpha=float(table.corrected.alpha[row]),
        sentence=Sentence("", ""),
    )


def _comparison(column: Comparisons, row: int) -> Comparison | None:
    found = column[row]
    return found if isinstance(found, Comparison) else None


def _reason(column: Comparisons, row: int) -> Reason | None:
    found = reasons.reason_of(int(column.reasons[row]))
    return None if found is Reason.DOES_NOT_APPLY else found
