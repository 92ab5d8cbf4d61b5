"""Sums below a campaign: of the parts that are shown, and of nothing else."""

from hypothesis import given
from hypothesis import strategies as st

from schemas.policies import Level
from transparency.roll_ups import Part, RollUp, roll_up, shown_parts
from transparency.tables import EMPTY, Cell


def part(key: str, level: Level, accounts: int = 0, *parts: Part) -> Part:
    own = Cell(accounts, {"deals": accounts * 2}) if accounts else EMPTY
    return Part(key=key, level=level, own=own, parts=parts)


CAMPAIGN = part(
    "spring",
    Level.METRICS,
    0,
    part("mail", Level.METRICS, 40),
    part("page", Level.HEADLINE, 30),
    part("secret", Level.NONE, 20),
    part("offer", Level.SEGMENTS, 3),
)


def test_a_campaign_is_the_sum_of_what_is_shown_of_it():
    found = roll_up(CAMPAIGN)

    assert found.sum == Cell(40, {"deals": 80})
    assert [child.key for child in found.parts] == ["mail"]


def test_parts_of_few_accounts_are_left_out_and_said_to_be():
    assert roll_up(CAMPAIGN).has_small is True
    assert roll_up(CAMPAIGN, k=3).has_small is False
    assert roll_up(CAMPAIGN, k=3).sum.accounts == 43


def test_of_parts_that_may_not_be_seen_nothing_is_said():
    without = Part(
        key=CAMPAIGN.key,
        level=CAMPAIGN.level,
        parts=tuple(child for child in CAMPAIGN.parts if child.key != "secret"),
    )

    assert roll_up(CAMPAIGN) == roll_up(without)


def test_an_open_part_below_a_closed_one_is_still_found():
    found = roll_up(part("all", Level.NONE, 0, part("hidden", Level.NONE, 9, CAMPAIGN)))

    assert found.sum.accounts == 40
    assert [child.key for child in shown_parts(found)] == ["mail"]
    assert found.parts[0].own is None


def test_a_headline_is_enough_where_only_the_headline_is_summed():
    assert roll_up(CAMPAIGN, needs=Level.HEADLINE).sum.accounts == 70


LEVELS = st.sampled_from(list(Level))
LEAVES = st.builds(part, st.sampled_from("abcdef"), LEVELS, st.integers(0, 12))
TREES = st.recursive(
    LEAVES,
    lambda inner: st.builds(
        lambda key, level, accounts, parts: part(key, level, accounts, *parts),
        st.sampled_from("ghij"),
        LEVELS,
        st.integers(0, 12),
        st.lists(inner, max_size=4),
    ),
    max_leaves=12,
)


def every(rolled: RollUp) -> list[RollUp]:
    return [rolled, *(deeper for child in rolled.parts for deeper in every(child))]


@given(TREES)
def test_at_every_place_nothing_is_left_to_subtract(tree):
    for place in every(roll_up(tree)):
        below = sum(shown.own.accounts for shown in shown_parts(place))
        assert place.sum.accounts == below
        assert all(shown.own.accounts >= 5 for shown in shown_parts(place))


@given(TREES, st.integers(0, 50))
def test_a_hidden_part_changes_nothing_that_is_shown(tree, accounts):
    hidden = part("hidden", Level.NONE, accounts)
    small = part("small", Level.SEGMENTS, min(accounts, 4))
    larger = Part(key=tree.key, level=tree.level, own=tree.own, parts=(*tree.parts, hidden, small))

    assert roll_up(larger).sum == roll_up(tree).sum
    assert roll_up(larger).parts == roll_up(tree).parts
