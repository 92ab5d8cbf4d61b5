"""A joint review: sealed readings, a decision by the rule or with its reason, two signatures."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.reviews import SIDES, Decision, ProposalDraft
from transparency.reviews import ReviewError, ReviewState, is_against_rule, propose, sign, write

NOW = datetime(2026, 5, 4, tzinfo=UTC)
LATER = NOW + timedelta(days=7)
AFTER = LATER + timedelta(hours=1)
OPEN = ReviewState(deadline=LATER, verdicts={"calls": "adopt"})
ADOPT = ProposalDraft(decision=Decision.ADOPT, variant="calls", learning="Calls help.")
STOP = ProposalDraft(decision=Decision.STOP, learning="Calls cost too much.")
STOP_WITH_REASON = STOP.model_copy(update={"reason": "No budget."})


def written(*sides: str) -> ReviewState:
    state = OPEN
    for side in sides:
        state = write(state, side, person=f"{side}-1", text=f"{side} reads", now=NOW)
    return state


def proposed(draft: ProposalDraft = ADOPT) -> ReviewState:
    return propose(written(*SIDES), draft, person="marketing-1", now=NOW)


def test_a_reading_is_sealed_for_the_other_side_until_both_have_written():
    one, both = written("marketing"), written(*SIDES)

    assert one.may_read("marketing", "marketing")
    assert not one.may_read("marketing", "sales")
    assert not one.may_read("marketing", None)
    assert both.may_read("marketing", "sales")
    assert both.may_read("marketing", None)


def test_a_reading_can_be_changed_until_the_other_one_is_there():
    again = write(written("marketing"), "marketing", person="m-2", text="anew", now=NOW)

    assert again.readings["marketing"].text == "anew"
    with pytest.raises(ReviewError, match="both sides have written"):
        write(written(*SIDES), "marketing", person="m-1", text="after all", now=NOW)


def test_nothing_is_proposed_before_both_have_written():
    with pytest.raises(ReviewError, match="sales has not written"):
        propose(written("marketing"), ADOPT, person="m", now=NOW)


def test_both_signatures_conclude_it_as_joint():
    first = sign(proposed(), "marketing", person="m", dissent=None, now=NOW)
    second = sign(first, "sales", person="s", dissent="Too early for me.", now=NOW)

    assert first.concluded_at is None
    assert second.concluded_at == NOW
    assert second.is_joint
    assert second.signatures["sales"].dissent == "Too early for me."


def test_another_proposal_takes_the_signatures_off():
    signed = sign(proposed(), "marketing", person="m", dissent=None, now=NOW)

    again = propose(signed, STOP_WITH_REASON, person="s", now=NOW)

    assert again.signatures == {}


def test_deciding_against_the_rule_asks_for_the_reason_and_says_so():
    with pytest.raises(ReviewError, match="against the registered rule") as refusal:
        proposed(STOP)

    assert refusal.value.field == "reason"
    assert proposed(STOP_WITH_REASON).proposal.against_rule
    assert not proposed().proposal.against_rule


@pytest.mark.parametrize(
    ("decision", "variant", "verdicts", "against"),
    [
        (Decision.ADOPT, "calls", {"calls": "adopt"}, False),
        (Decision.ADOPT, "calls", {"calls": "wait"}, True),
        (Decision.ADOPT, "calls", {"calls": "keep", "mail": "adopt"}, True),
        (Decision.STOP, None, {"calls": "keep"}, False),
        (Decision.STOP, None, {"calls": "adopt"}, True),
        (Decision.ITERATE, None, {"calls": "keep"}, False),
        (Decision.ITERATE, None, {"calls": "adopt"}, True),
        (Decision.KEEP_LOOKING, None, {"calls": "wait"}, False),
        (Decision.KEEP_LOOKING, None, {"calls": "keep"}, True),
        (Decision.KEEP_LOOKING, None, {}, False),
        (Decision.STOP, None, {}, False),
    ],
)
def test_what_goes_against_the_rule(decision, variant, verdicts, against):
    draft = ProposalDraft(decision=decision, variant=variant, learning="x")

    assert is_against_rule(draft, verdicts) is against


def test_only_a_variant_of_the_experiment_is_adopted():
    with pytest.raises(ReviewError, match="variants that can be adopted are: calls"):
        proposed(ADOPT.model_copy(update={"variant": "plain"}))


def test_past_the_deadline_one_side_concludes_alone_and_it_shows():
    state = propose(written("marketing"), ADOPT, person="m", now=AFTER)

    ended = sign(state, "marketing", person="m", dissent=None, now=AFTER)

    assert ended.concluded_at == AFTER
    assert not ended.is_joint


def test_past_the_deadline_nobody_concludes_what_nobody_has_read():
    with pytest.raises(ReviewError, match="nobody has written"):
        propose(OPEN, ADOPT, person="m", now=AFTER)


def test_a_side_does_not_sign_what_it_has_not_read():
    state = propose(written("marketing"), ADOPT, person="m", now=AFTER)

    with pytest.raises(ReviewError, match="sales has not written"):
        sign(state, "sales", person="s", dissent=None, now=AFTER)


def test_without_a_proposal_there_is_nothing_to_sign():
    with pytest.raises(ReviewError, match="no proposal"):
        sign(written(*SIDES), "sales", person="s", dissent=None, now=NOW)


def concluded() -> ReviewState:
    signed = sign(proposed(), "marketing", person="m", dissent=None, now=NOW)
    return sign(signed, "sales", person="s", dissent=None, now=NOW)


@pytest.mark.parametrize(
    "step",
    [
        lambda s: write(s, "sales", person="s", text="more", now=NOW),
        lambda s: propose(s, ADOPT, person="s", now=NOW),
        lambda s: sign(s, "sales", person="s", dissent="no", now=NOW),
    ],
)
def test_what_is_concluded_stays_as_it_is(step):
    with pytest.raises(ReviewError, match="concluded"):
        step(concluded())


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["write", "propose", "oppose", "sign"]),
        st.sampled_from(SIDES),
        st.integers(0, 10),
    ),
    max_size=25,
)


@given(STEPS)
def test_however_it_goes_nothing_is_read_early_or_concluded_as_joint_by_one_side(steps):
    state, day = OPEN, 0
    for name, side, days in steps:
        day += days
        now = NOW + timedelta(days=day)
        before = state
        try:
            if name == "write":
                state = write(state, side, person=side, text="t", now=now)
            elif name == "sign":
                state = sign(state, side, person=side, dissent=None, now=now)
            else:
                draft = ADOPT if name == "propose" else STOP_WITH_REASON
                state = propose(state, draft, person=side, now=now)
        except ReviewError:
            assert state is before

        other = next(s for s in SIDES if s != side)
        if other not in state.readings and state.concluded_at is None:
            assert not state.may_read(side, other)
        if state.concluded_at is not None and state.is_joint:
            assert set(state.readings) == set(state.signatures) == set(SIDES)
        if state.concluded_at is not None and not state.is_joint:
            assert state.concluded_at >= LATER
