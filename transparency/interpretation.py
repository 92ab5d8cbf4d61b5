"""Says beside every reading whether both sides have read it together yet."""

from enum import StrEnum

import msgspec

from schemas.policies import Audience, Phase
from schemas.wording import Sentence
from transparency.viewers import Stake, Viewer, audience_of


class Interpretation(StrEnum):
    """How far a reading has been interpreted, as its reader is told."""

    IN_PROGRESS = "in_progress"
    NOT_YET = "not_yet_interpreted"
    JOINT = "jointly_interpreted"
    WITHOUT_JOINT_READING = "concluded_without_a_joint_reading"


class Marker(msgspec.Struct, frozen=True):
    """The word for machines and the sentence for people."""

    interpretation: Interpretation
    sentence: Sentence


def marker_of(viewer: Viewer, stake: Stake, phase: Phase, *, signed_by_both: bool) -> Marker:
    """Return what stands beside the reading for this person.

    Until it is decided, everybody but the owner team and the interpreters is told that the reading
    is not yet interpreted.
    """
    found = _interpretation(viewer, stake, phase, signed_by_both=signed_by_both)
    return Marker(found, SENTENCES[found])


def _interpretation(
    viewer: Viewer, stake: Stake, phase: Phase, *, signed_by_both: bool
) -> Interpretation:
    if phase is Phase.DECIDED:
        return Interpretation.JOINT if signed_by_both else Interpretation.WITHOUT_JOINT_READING
    is_owner = audience_of(viewer, stake) is Audience.OWNER_TEAM
    if is_owner or stake.has_interpreter(viewer):
        return Interpretation.IN_PROGRESS
    return Interpretation.NOT_YET


SENTENCES = {
    Interpretation.IN_PROGRESS: Sentence(
        en="Both sides have not read this together yet. What it means is settled in the review.",
        de="Beide Seiten haben das noch nicht gemeinsam gelesen. Was es bedeutet, klärt der "
        "Review.",
    ),
    Interpretation.NOT_YET: Sentence(
        en="Not yet interpreted: marketing and sales have not read this together. Please do not "
        "draw conclusions from it.",
        de="Noch nicht interpretiert: Marketing und Vertrieb haben das noch nicht gemeinsam "
        "gelesen. Bitte ziehen Sie daraus keine Schlüsse.",
    ),
    Interpretation.JOINT: Sentence(
        en="Read and signed by both sides.",
        de="Von beiden Seiten gelesen und unterschrieben.",
    ),
    Interpretation.WITHOUT_JOINT_READING: Sentence(
        en="Concluded without a joint reading: one side has not signed.",
        de="Ohne gemeinsame Lesung abgeschlossen: Eine Seite hat nicht unterschrieben.",
    ),
}
