"""Pairs of arms in columns: the exact difference of their means, and what its noise is made of."""

from __future__ import annotations

import msgspec
import numpy as np

from inference import reasons
from inference.arms import Arm, Arms
from inference.exact import Counts, Floats, Mask, Rows, replaced
from inference.reasons import Reasons


class Differences(msgspec.Struct, frozen=True, eq=False):
    """Treatment minus control, one row per pair; variances are those of one unit.

    Figures of rows with a reason are NaN.
    """

    n_control: Counts
    n_treatment: Counts
    estimate: Floats
    mean_control: Floats
    mean_treatment: Floats
    variance_control: Floats
    variance_treatment: Floats
    reasons: Reasons

    def __len__(self) -> int:
        return len(self.estimate)

    def take(self, rows: Rows) -> Differences:
        """The pairs of these rows, in their order."""
        return Differences(*(getattr(self, name)[rows] for name in self.__struct_fields__))

    def spread_over(self, rows: Rows, length: int) -> Differences:
        """As many pairs as `length`: these in `rows`, and nothing that applies elsewhere."""
        count, figure = np.zeros(length, dtype=np.int64), np.full(length, np.nan)
        return Differences(
            replaced(count, rows, self.n_control),
            replaced(count, rows, self.n_treatment),
            replaced(figure, rows, self.estimate),
            replaced(figure, rows, self.mean_control),
            replaced(figure, rows, self.mean_treatment),
            replaced(figure, rows, self.variance_control),
            replaced(figure, rows, self.variance_treatment),
            replaced(reasons.apply_only(np.zeros(length, dtype=bool)), rows, self.reasons),
        )

    @property
    def n(self) -> Counts:
        """Units of both arms."""
        return self.n_control + self.n_treatment

    @property
    def from_control(self) -> Floats:
        """Variance of the control's mean."""
        return self.variance_control / np.maximum(self.n_control, 1)

    @property
    def from_treatment(self) -> Floats:
        """Variance of the treatment's mean."""
        return self.variance_treatment / np.maximum(self.n_treatment, 1)

    @property
    def variance(self) -> Floats:
        """Variance of the difference, from the arms' own variances."""
        return self.from_control + self.from_treatment

    @property
    def is_constant(self) -> Mask:
        """Whether nothing varies in either arm."""
        constant: Mask = (self.variance_control == 0) & (self.variance_treatment == 0)
        return constant


def differences_of(control: Arms, treatment: Arms) -> Differences:
    """Each treatment minus the control in the same row."""
    missing = reasons.first(control.reasons, treatment.reasons)
    estimate = (treatment.mean - control.mean).floats()
    return Differences(
        control.n,
        treatment.n,
        np.where(missing == reasons.NONE, estimate, np.nan),
        control.means,
        treatment.means,
        control.variances,
        treatment.variances,
        missing,
    )


def difference_of(control: Arm, treatment: Arm) -> Differences:
    """A single pair, as columns of length one."""
    return differences_of(Arms.of([control]), Arms.of([treatment]))
