"""The joint review as rules: who may write what when, and when it is concluded. Pure.

Promise: neither side sees the other's reading before both are written; a decision against the
registered rule has a reason; nothing is concluded as joint that one side has not read and signed.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import msgspec

from schemas.reviews import SIDES, Decision, ProposalDraft, SideOfReview


class ReviewError(Exception):
    """This step cannot be taken as the review stands; the message says why."""

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(detail)
        self.field = field
        self.detail = detail


class Written(msgspec.Struct, frozen=True):
    """A side's reading."""

    person: str
    text: str
    at: datetime


class Signed(msgspec.Struct, frozen=True):
    """A side's signature under the proposal, with its dissent where it does not agree."""

    person: str
    at: datetime
    dissent: str | None = None


class Proposed(msgspec.Struct, frozen=True):
    """A decision with its learning; `against_rule` where the registered rule says otherwise."""

    draft: ProposalDraft
    person: str | None
    at: datetime
    against_rule: bool


class ReviewState(msgspec.Struct, frozen=True, kw_only=True):
    """A review as it stands; `verdicts` are the rule's on the pinned results, by variant."""

    deadline: datetime
    verdicts: Mapping[str, str]
    readings: Mapping[SideOfReview, Written] = {}
    proposal: Proposed | None = None
    signatures: Mapping[SideOfReview, Signed] = {}
    concluded_at: datetime | None = None

    @property
    def is_unsealed(self) -> bool:
        """Whether both sides have written, or it is over: then everybody may read both."""
        return self.concluded_at is not None or self.has_both

    @property
    def has_both(self) -> bool:
        """Whether both sides have written."""
        return all(side in self.readings for side in SIDES)

    @property
    def is_joint(self) -> bool:
        """Whether both sides have read and signed."""
        return self.has_both and all(side in self.signatures for side in SIDES)

    def may_read(self, of: SideOfReview, by: SideOfReview | None) -> bool:
        """Whether a person of this side (or of none) may see that side's reading."""
        return self.is_unsealed or of == by


def write(
    state: ReviewState, side: SideOfReview, *, person: str, text: str, now: datetime
) -> ReviewState:
    """Write or change a side's reading, until both are written: then neither can be changed."""
    _refuse_concluded(state)
    if state.has_both:
        raise ReviewError("text", "both sides have written; what was read apart stays as it was")
    return msgspec.structs.replace(
        state, readings={**state.readings, side: Written(person, text, now)}
    )


def propose(
    state: ReviewState, draft: ProposalDraft, *, person: str | None, now: datetime
) -> ReviewState:
    """Propose a decision, or another one: signatures under the one before are taken off."""
    _refuse_concluded(state)
    _refuse_before_both(state, now)
    if draft.variant is not None and draft.variant not in state.verdicts:
        known = ", ".join(sorted(state.verdicts)) or "none"
        raise ReviewError("variant", f"the variants that can be adopted are: {known}")
    against = is_against_rule(draft, state.verdicts)
    if against and draft.reason is None:
        raise ReviewError("reason", "this decision goes against the registered rule: say why")
    proposal = Proposed(draft, person, now, against)
    return msgspec.structs.replace(state, proposal=proposal, signatures={})


def sign(
    state: ReviewState,
    side: SideOfReview,
    *,
    person: str,
    dissent: str | None,
    now: datetime,
) -> ReviewState:
    """Sign the proposal for a side; with both signatures, or past the deadline, it is concluded.

    A side that has not written a reading cannot sign: it would sign what it has not read.
    """
    _refuse_concluded(state)
    if state.proposal is None:
        raise ReviewError("proposal", "there is no proposal to sign yet")
    if side not in state.readings:
        raise ReviewError("side", f"{side} has not written its reading yet")
    signatures = {**state.signatures, side: Signed(person, now, dissent)}
    signed = msgspec.structs.replace(state, signatures=signatures)
    may_end = signed.is_joint or now >= state.deadline
    return msgspec.structs.replace(signed, concluded_at=now) if may_end else signed


def is_against_rule(draft: ProposalDraft, verdicts: Mapping[str, str]) -> bool:
    """Whether a decision says other than the registered rule (`adopt`, `keep` or `wait`) does.

    Adopting needs the verdict `adopt` for that variant; stopping or iterating goes against the rule
    where a variant may be adopted; looking on does where nothing is left to wait for.
    """
    if draft.decision is Decision.ADOPT:
        return verdicts.get(draft.variant or "") != "adopt"
    if draft.decision is Decision.KEEP_LOOKING:
        return bool(verdicts) and "wait" not in verdicts.values()
    return "adopt" in verdicts.values()


def _refuse_concluded(state: ReviewState) -> None:
    if state.concluded_at is not None:
        raise ReviewError("review", "the review is concluded; what follows is a new experiment")


def _refuse_before_both(state: ReviewState, now: datetime) -> None:
    if state.has_both:
        return
    if now < state.deadline:
        missing = " and ".join(side for side in SIDES if side not in state.readings)
        raise ReviewError("readings", f"{missing} has not written its reading yet")
    if not state.readings:
        raise ReviewError("readings", "nobody has written a reading")
