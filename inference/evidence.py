"""How much a comparison can prove: grades A to D, with the words that may be used for it.

The arithmetic is the same for all of them; what differs is whether "because of" may be said.
"""

from __future__ import annotations

from enum import StrEnum

from inference.arguments import ArgumentError
from schemas.wording import Sentence


class Grade(StrEnum):
    """Grade of evidence, the best first."""

    A = "A"
    B = "B"
    C = "C"
    D = "D"

    @property
    def proves_cause(self) -> bool:
        """Whether a difference may be called an effect, and an arm a winner."""
        return self is Grade.A


class Assignment(StrEnum):
    """How units came to their arm."""

    RANDOMISED = "randomised"
    CHOSEN = "chosen"
    BEFORE_AFTER = "before_after"


class Delivery(StrEnum):
    """Whether units got what they were assigned to."""

    INTACT = "intact"
    BROKEN = "broken"


class Adjustment(StrEnum):
    """What was done about units that differed before."""

    NONE = "none"
    MATCHED_OR_ADJUSTED = "matched_or_adjusted"


def grade_of(
    assignment: Assignment,
    delivery: Delivery = Delivery.INTACT,
    adjustment: Adjustment = Adjustment.NONE,
) -> Grade:
    """A randomised; B randomised with broken delivery; C matched or adjusted; D all else."""
    _refuse_other("assignment", assignment, Assignment)
    _refuse_other("delivery", delivery, Delivery)
    _refuse_other("adjustment", adjustment, Adjustment)
    if assignment is Assignment.RANDOMISED:
        return Grade.A if delivery is Delivery.INTACT else Grade.B
    if assignment is Assignment.CHOSEN and adjustment is Adjustment.MATCHED_OR_ADJUSTED:
        return Grade.C
    return Grade.D


def sentence_of(grade: Grade) -> Sentence:
    """What a comparison of this grade may and may not say."""
    _refuse_other("grade", grade, Grade)
    return _SENTENCES[grade]


def _refuse_other(argument: str, value: object, known: type[StrEnum]) -> None:
    # A plain string equals its member and yet is not it: it would be graded D without a word.
    if not isinstance(value, known):
        raise ArgumentError(argument, f"must be one of {known.__name__}, not {value!r}")


_SENTENCES = {
    Grade.A: Sentence(
        en="Evidence A: the variants were assigned at random, so a difference is an effect of the "
        "variant, within its interval.",
        de="Evidenz A: Die Varianten wurden zufällig zugeteilt; ein Unterschied ist also, "
        "innerhalb seines Intervalls, eine Wirkung der Variante.",
    ),
    Grade.B: Sentence(
        en="Evidence B: the variants were assigned at random, but not all units got theirs. The "
        "difference is the effect of having been assigned, not that of the variant itself.",
        de="Evidenz B: Die Varianten wurden zufällig zugeteilt, aber nicht alle Einheiten haben "
        "ihre erhalten. Der Unterschied ist die Wirkung der Zuteilung, nicht die der Variante.",
    ),
    Grade.C: Sentence(
        en="Evidence C: the groups were made alike in what is known of them, not at random. The "
        "difference is an association; what is not known may explain it.",
        de="Evidenz C: Die Gruppen wurden in dem angeglichen, was über sie bekannt ist, nicht "
        "zufällig gebildet. Der Unterschied ist ein Zusammenhang; Unbekanntes kann ihn erklären.",
    ),
    Grade.D: Sentence(
        en="Evidence D: the groups, or the times, differ in more than the variant. The difference "
        "is an observation that says nothing about the cause.",
        de="Evidenz D: Die Gruppen oder Zeiträume unterscheiden sich in mehr als der Variante. "
        "Der Unterschied ist eine Beobachtung, die nichts über die Ursache sagt.",
    ),
}
