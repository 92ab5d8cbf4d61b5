"""Which metrics a reading that people are shown may move, and what the next one waits for.

Each metric steps by itself, by `reading_is_due`; one that is not due keeps its figures, whatever
has happened to its units since. Pure.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum

import msgspec

from schemas.wording import Sentence
from transparency.reading_steps import GROWTH, ArmProgress, reading_is_due
from transparency.small_cells import FEWEST_ACCOUNTS

Arms = Mapping[str, ArmProgress]


class Wait(StrEnum):
    """What the next reading of a metric waits for."""

    MATURITY = "maturity"
    EXPOSURES = "exposures"
    NOTHING = "nothing"
    """All units are mature and none is to come: there is no next one."""


class NextStep(msgspec.Struct, frozen=True):
    """What has to happen before a metric moves; `units` is the least that has to mature."""

    wait: Wait
    units: int = 0


def moves_due(
    ever_shown: Mapping[str, Mapping[str, Sequence[int]]],
    now: Mapping[str, Arms],
    *,
    intake_is_open: bool,
    k: int = FEWEST_ACCOUNTS,
) -> dict[str, frozenset[str]]:
    """Return the variants whose figures a reading made now may move, by metric that is due.

    `ever_shown` has the mature units behind every figure of a variant, the last one last, whatever
    definition it was made under: a new definition starts nothing anew, as units may be the same.
    A variant with as many units as before keeps its figures: what else changed would be a few.
    """
    found = {}
    for metric, arms in now.items():
        shown = {v: units[-1] for v, units in ever_shown.get(metric, {}).items() if units}
        moved = frozenset(v for v, arm in arms.items() if arm.mature != shown.get(v, 0))
        # Where units leave (mixed, erased), it is not enough to be far from what was shown last.
        is_apart = all(
            abs(arms[variant].mature - before) >= k
            for variant in moved
            for before in ever_shown.get(metric, {}).get(variant, ())
        )
        if is_apart and reading_is_due(shown, arms, intake_is_open=intake_is_open, k=k):
            found[metric] = moved
    return found


def next_step(
    shown: Mapping[str, int], now: Arms, *, intake_is_open: bool, k: int = FEWEST_ACCOUNTS
) -> NextStep:
    """Return what the next reading of a metric waits for."""
    if not intake_is_open and all(arm.mature == arm.exposed for arm in now.values()):
        return NextStep(Wait.NOTHING)
    units = _missing_units(shown, now, k)
    return NextStep(Wait.MATURITY, units) if units else NextStep(Wait.EXPOSURES)


def sentence_of(step: NextStep, *, has_figures: bool) -> Sentence:
    """Say why figures move in steps, and when the next one is due."""
    why = _MOVE if has_figures else _COME
    when = (_NEXT if has_figures else _FIRST)[step.wait]
    return Sentence(
        en=f"{why.en} {when.en.format(units=step.units)}",
        de=f"{why.de} {when.de.format(units=step.units)}",
    )


def _missing_units(shown: Mapping[str, int], now: Arms, k: int) -> int:
    before, after = sum(shown.values()), sum(arm.mature for arm in now.values())
    tenth = -(-before // GROWTH) - (after - before)
    moves = [abs(arm.mature - shown.get(variant, 0)) for variant, arm in now.items()]
    by_arm = sum(k - move for move in moves if 0 < move < k)
    return max(tenth, by_arm, 0 if any(moves) else k)


_WHY = Sentence(
    en="so that no two readings ever differ by a few accounts.",
    de="damit sich nie zwei Ablesungen um wenige Accounts unterscheiden.",
)
_MOVE = Sentence(
    en=f"Figures move in steps, {_WHY.en}", de=f"Zahlen ändern sich in Schritten, {_WHY.de}"
)
_COME = Sentence(
    en=f"There are no figures yet: they come in steps, {_WHY.en}",
    de=f"Noch gibt es keine Zahlen: Sie kommen in Schritten, {_WHY.de}",
)
_NEXT = {
    Wait.MATURITY: Sentence(
        en="The next step needs at least {units} more mature units.",
        de="Der nächste Schritt braucht mindestens {units} weitere reife Einheiten.",
    ),
    Wait.EXPOSURES: Sentence(
        en="The next step waits until further units are exposed, or intake is closed.",
        de="Der nächste Schritt wartet, bis weitere Einheiten hinzukommen oder die Aufnahme endet.",
    ),
    Wait.NOTHING: Sentence(
        en="All units are mature: there is no next step.",
        de="Alle Einheiten sind reif: Es gibt keinen weiteren Schritt.",
    ),
}
_FIRST = {
    Wait.MATURITY: Sentence(
        en="The first step needs at least {units} more mature units.",
        de="Der erste Schritt braucht mindestens {units} weitere reife Einheiten.",
    ),
    Wait.EXPOSURES: Sentence(
        en="The first step waits until further units are exposed, or intake is closed.",
        de="Der erste Schritt wartet, bis weitere Einheiten hinzukommen oder die Aufnahme endet.",
    ),
    Wait.NOTHING: Sentence(
        en="All units are mature, and too few for a step.",
        de="Alle Einheiten sind reif, und zu wenige für einen Schritt.",
    ),
}
