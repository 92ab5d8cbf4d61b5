"""When a reading with figures may follow the one before: two of them never differ by a few units.

Counts of exposed units are live; means, sums and whatever is made of them move in steps.
"""

from collections.abc import Mapping

import msgspec

from transparency.small_cells import FEWEST_ACCOUNTS, is_small

GROWTH = 10
"""A reading comes with a tenth more mature units: few to audit together, however many units."""


class ArmProgress(msgspec.Struct, frozen=True):
    """Mature units of a variant, and all of its units that are not mixed."""

    mature: int
    exposed: int

    def __post_init__(self) -> None:
        """Refuse more mature units than there are."""
        if not 0 <= self.mature <= self.exposed:
            raise ValueError(
                f"mature: from 0 to the {self.exposed} exposed units, not {self.mature}"
            )


def reading_is_due(
    shown: Mapping[str, int],
    now: Mapping[str, ArmProgress],
    *,
    intake_is_open: bool,
    k: int = FEWEST_ACCOUNTS,
) -> bool:
    """Tell whether a reading of `now` may be shown after one with `shown` mature units.

    Every variant has stood still or moved by k units or more, all of them together by a tenth, and
    what is still to come is enough for a further step: while intake is open, k units wait for
    maturity; later, k or none. The last reading of all needs no tenth.
    """
    before, after = sum(shown.values()), sum(arm.mature for arm in now.values())
    is_last = not intake_is_open and all(arm.mature == arm.exposed for arm in now.values())
    if before == after or (GROWTH * (after - before) < before and not is_last):
        return False
    return all(
        not is_small(abs(arm.mature - shown.get(variant, 0)), k)
        and (arm.exposed - arm.mature >= k or (arm.exposed == arm.mature and not intake_is_open))
        for variant, arm in now.items()
    )
