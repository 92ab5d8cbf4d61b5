"""How alike contacts of an account turned out, from account sums of a share of contacts.

The design effect is the variance of the share with accounts as units over that of as many contacts
on their own; the intraclass correlation is what explains it (Eldridge, Ashby, Kerry 2006). Misleads
with few accounts, and where a contact may count more than once: moments hold account sums only, so
nothing else can be had from them.
"""

from __future__ import annotations

import msgspec

from inference.arms import Arm
from inference.comparison import NotComparable, Reason, not_comparable
from inference.moments import Moments, MomentsError
from inference.ratios import arm_of_ratio


class MeasuredClusters(msgspec.Struct, frozen=True, kw_only=True):
    """Accounts and their contacts as counted; the correlation is 0 where contacts differ freely.

    `intraclass_correlation` is absent where every account has one contact.
    """

    accounts: int
    contacts: int
    mean_size: float
    size_variation: float
    design_effect: float
    intraclass_correlation: float | None


def measured_clusters(moments: Moments) -> MeasuredClusters | NotComparable:
    """From ΣY (contacts that did) and ΣD (contacts) per account.

    `MomentsError` where more contacts did than there are.
    """
    if not 0 <= moments.sum_y <= moments.sum_d:
        raise MomentsError("sum_y", "must lie between 0 and sum_d where each contact counts once")
    arm = arm_of_ratio(moments)
    if isinstance(arm, NotComparable):
        return arm
    if not 0 < arm.mean < 1:
        return not_comparable(Reason.NO_VARIANCE)
    return _measured(moments, arm)


def _measured(moments: Moments, arm: Arm) -> MeasuredClusters:
    contacts = moments.sum_d
    effect = float(arm.variance / arm.n * contacts / (arm.mean * (1 - arm.mean)))
    mean_size = moments.denominator_mean
    squared_variation = moments.denominator_variance / mean_size**2
    # What (1 + CV²)·m̄ − 1 is to the correlation: 0 where every account has one contact.
    weight = float((1 + squared_variation) * mean_size - 1)
    return MeasuredClusters(
        accounts=moments.n,
        contacts=contacts,
        mean_size=float(mean_size),
        size_variation=float(squared_variation) ** 0.5,
        design_effect=effect,
        intraclass_correlation=min(1.0, max(0.0, (effect - 1) / weight)) if weight > 0 else None,
    )
