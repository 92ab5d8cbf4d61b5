"""Who sees how much: the rule against the whole table, and what no policy may do."""

from itertools import pairwise, product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from schemas.metric_definitions import Side
from schemas.people import Role
from schemas.policies import (
    DEFAULT,
    READY_MADE,
    Audience,
    Level,
    Phase,
    PolicyDraft,
)
from tests.transparency.levels import PHASES, POLICIES, TABLE, level_of
from transparency.interpretation import Interpretation, marker_of
from transparency.phases import LIFECYCLE, phase_of
from transparency.viewers import Stake, Viewer, audience_of
from transparency.visibility import level_for, may_see_contacts

STAKE = Stake(
    owner=Side.MARKETING,
    owner_teams=frozenset({"demand"}),
    interpreters=frozenset({"brand-reader", "sales-reader"}),
)
PEOPLE = {
    "marketer of the owner team": Viewer(
        person="mia",
        side=Side.MARKETING,
        teams=frozenset({"demand"}),
        roles=frozenset({Role.MARKETER}),
    ),
    "marketer of another team": Viewer(
        person="ben",
        side=Side.MARKETING,
        teams=frozenset({"brand"}),
        roles=frozenset({Role.MARKETER}),
    ),
    "interpreter of another marketing team": Viewer(
        person="brand-reader",
        side=Side.MARKETING,
        teams=frozenset({"brand"}),
        roles=frozenset({Role.MARKETER}),
    ),
    "seller": Viewer(
        person="sam", side=Side.SALES, teams=frozenset({"north"}), roles=frozenset({Role.SELLER})
    ),
    "interpreter of sales": Viewer(
        person="sales-reader",
        side=Side.SALES,
        teams=frozenset({"south"}),
        roles=frozenset({Role.SELLER}),
    ),
    "leader of the owner team": Viewer(
        person="lea",
        side=Side.MARKETING,
        teams=frozenset({"demand"}),
        roles=frozenset({Role.LEADER}),
    ),
    "leader of sales": Viewer(person="lou", side=Side.SALES, roles=frozenset({Role.LEADER})),
    "leader of the house": Viewer(person="cleo", roles=frozenset({Role.LEADER})),
    "engineer": Viewer(person="eve", roles=frozenset({Role.ENGINEER})),
    "engineer in the owner team": Viewer(
        person="emil",
        side=Side.MARKETING,
        teams=frozenset({"demand"}),
        roles=frozenset({Role.ENGINEER}),
    ),
    "steward": Viewer(person="stan", roles=frozenset({Role.STEWARD})),
    "somebody without a role": Viewer(person="guest", side=Side.MARKETING),
}

CASES = [
    (person, policy, phase, level_of(person, policy, phase.value))
    for person in TABLE
    for policy in POLICIES
    for phase in Phase
]


@pytest.mark.parametrize(("person", "policy", "phase", "expected"), CASES)
def test_everybody_sees_what_the_table_says(person, policy, phase, expected):
    level = level_for(READY_MADE[policy], PEOPLE[person], STAKE, phase)

    assert level is expected


def test_the_table_speaks_of_everybody_and_every_policy():
    assert TABLE.keys() == PEOPLE.keys()
    assert tuple(READY_MADE) == POLICIES
    assert tuple(Phase) == PHASES
    assert DEFAULT is READY_MADE["shared"]


def test_without_a_named_team_the_whole_side_owns_the_experiment():
    stake = Stake(owner=Side.MARKETING)

    assert audience_of(PEOPLE["marketer of another team"], stake) is Audience.OWNER_TEAM


def test_levels_are_ordered_by_what_they_hold_and_not_by_the_alphabet():
    assert sorted({*Level}) == [
        Level.NONE,
        Level.HEADLINE,
        Level.METRICS,
        Level.SEGMENTS,
        Level.JOURNEYS,
    ]
    with pytest.raises(TypeError):
        assert Level.NONE < "headline"


@pytest.mark.parametrize(
    ("stands", "expected"),
    [
        ("draft", Phase.RUNNING),
        ("registered", Phase.RUNNING),
        ("running", Phase.RUNNING),
        ("closed", Phase.RUNNING),
        ("in_review", Phase.IN_REVIEW),
        ("decided", Phase.DECIDED),
        ("stopped", Phase.RUNNING),
    ],
)
def test_the_lifecycle_has_three_phases(stands, expected):
    assert phase_of(stands) is expected


@pytest.mark.parametrize("furthest", list(Phase))
@pytest.mark.parametrize("stands", LIFECYCLE)
def test_a_phase_never_falls(stands, furthest):
    phases = list(Phase)

    assert phases.index(phase_of(stands, furthest=furthest)) >= phases.index(furthest)


def test_stopping_does_not_decide():
    assert phase_of("stopped", furthest=Phase.IN_REVIEW) is Phase.IN_REVIEW


def test_an_unknown_place_in_the_lifecycle_is_refused():
    with pytest.raises(ValueError, match="stands: 'archived' is none of"):
        phase_of("archived")


LEVELS = st.sampled_from(list(Level))
PHASE_LEVELS = st.lists(LEVELS, min_size=3, max_size=3).map(sorted)


@st.composite
def policies(draw: st.DrawFn) -> PolicyDraft:
    rows = {audience: draw(PHASE_LEVELS) for audience in Audience}
    rows[Audience.ORGANISATION] = [min(x, Level.METRICS) for x in rows[Audience.ORGANISATION]]
    other = [max(a, b) for a, b in zip(rows["other_side"], rows["organisation"], strict=True)]
    other[1:] = [max(level, Level.METRICS) for level in other[1:]]
    owner = [max(a, b, Level.METRICS) for a, b in zip(rows["owner_team"], other, strict=True)]
    rows |= {Audience.OTHER_SIDE: other, Audience.OWNER_TEAM: owner}
    named = {
        audience.value: dict(zip(("running", "in_review", "decided"), levels, strict=True))
        for audience, levels in rows.items()
    }
    return PolicyDraft(key="own", name="Own", **named)


@given(policies(), st.sampled_from(sorted(PEOPLE)))
def test_under_any_valid_policy_nobody_sees_less_later(policy, person):
    levels = [level_for(policy, PEOPLE[person], STAKE, phase) for phase in Phase]

    assert all(earlier <= later for earlier, later in pairwise(levels))


@given(policies(), st.sampled_from(list(Phase)))
def test_under_any_valid_policy_those_closer_see_no_less(policy, phase):
    names = ("marketer of the owner team", "seller", "marketer of another team")

    owner, other, organisation = (level_for(policy, PEOPLE[n], STAKE, phase) for n in names)

    assert owner >= other >= organisation


@given(policies(), st.sampled_from(sorted(PEOPLE)), st.sampled_from(list(Phase)))
def test_no_role_opens_more_than_side_and_team_do(policy, person, phase):
    viewer = PEOPLE[person]

    level = level_for(policy, viewer, STAKE, phase)

    assert level <= policy.of(audience_of(viewer, STAKE)).at(phase)


VALID = {
    "key": "own",
    "name": "Own",
    "owner_team": {"running": "journeys", "in_review": "journeys", "decided": "journeys"},
    "other_side": {"running": "headline", "in_review": "metrics", "decided": "segments"},
    "organisation": {"running": "none", "in_review": "none", "decided": "headline"},
}


@pytest.mark.parametrize(
    ("audience", "phase", "level", "complaint"),
    [
        ("other_side", "decided", "headline", "decided: not below in_review"),
        ("owner_team", "in_review", "segments", "in_review: not below running"),
        ("other_side", "running", "none", None),
        ("other_side", "in_review", "headline", "other_side.in_review: at least metrics"),
        ("organisation", "decided", "segments", "organisation.decided: at most metrics"),
        ("organisation", "decided", "journeys", "other_side.decided: not below organisation"),
        ("organisation", "decided", "metrics", None),
        ("owner_team", "running", "headline", "owner_team.running: at least metrics"),
        ("owner_team", "running", "none", "owner_team.running: not below other_side.running"),
        ("owner_team", "running", "everything", "owner_team.running"),
    ],
)
def test_a_policy_that_surprises_is_refused_by_field_and_rule(audience, phase, level, complaint):
    changed = {**VALID, audience: {**VALID[audience], phase: level}}

    if complaint is None:
        assert PolicyDraft.model_validate(changed).of(Audience(audience)).at(Phase(phase))
        return
    with pytest.raises(ValidationError) as refused:
        PolicyDraft.model_validate(changed)
    fields = [".".join(map(str, error["loc"])) for error in refused.value.errors()]
    texts = [error["msg"] for error in refused.value.errors()]
    assert any(complaint in text for text in (*fields, *texts))


def test_a_policy_survives_being_stored():
    for policy in READY_MADE.values():
        assert type(policy).model_validate_json(policy.model_dump_json()) == policy


@pytest.mark.parametrize(
    ("person", "teams", "expected"),
    [
        ("seller", {"north"}, True),
        ("seller", {"south"}, False),
        ("seller", set(), False),
        ("marketer of the owner team", {"demand"}, False),
        ("leader of sales", {"north"}, False),
    ],
)
def test_contacts_are_open_to_sellers_of_the_account_alone(person, teams, expected):
    assert may_see_contacts(PEOPLE[person], frozenset(teams)) is expected


OWNERS = {
    "marketer of the owner team",
    "interpreter of another marketing team",
    "interpreter of sales",
    "leader of the owner team",
}


@pytest.mark.parametrize(("person", "phase"), list(product(sorted(PEOPLE), Phase)))
def test_until_it_is_decided_a_reading_is_not_yet_interpreted_for_everyone_else(person, phase):
    marker = marker_of(PEOPLE[person], STAKE, phase, signed_by_both=True)

    if phase is Phase.DECIDED:
        assert marker.interpretation is Interpretation.JOINT
    elif person in OWNERS:
        assert marker.interpretation is Interpretation.IN_PROGRESS
    else:
        assert marker.interpretation is Interpretation.NOT_YET
        assert marker.sentence.en.startswith("Not yet interpreted")


def test_a_conclusion_that_one_side_did_not_sign_says_so():
    marker = marker_of(PEOPLE["seller"], STAKE, Phase.DECIDED, signed_by_both=False)

    assert marker.interpretation is Interpretation.WITHOUT_JOINT_READING
