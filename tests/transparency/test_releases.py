"""Whatever arrives and whoever reads when: no two readings differ by a few accounts."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transparency.reading_steps import ArmProgress
from transparency.releases import NextStep, Wait, moves_due, next_step, sentence_of
from transparency.small_cells import FEWEST_ACCOUNTS

K = FEWEST_ACCOUNTS
METRICS = ("meetings", "revenue")
VARIANTS = ("plain", "question")

FEW = st.integers(0, 7)
ARRIVAL = st.fixed_dictionaries(
    {
        "exposed": st.tuples(FEW, FEW),
        "ripe": st.tuples(FEW, FEW, FEW, FEW),
        "leave": st.tuples(*(st.sampled_from([0, 0, 0, 1, 6]) for _ in VARIANTS)),
        "is_read": st.booleans(),
    }
)


class Readers:
    """Keeps everything that was ever shown, as releases do."""

    def __init__(self):
        self.ever_shown = {}
        self.documents = []

    def read(self, now, *, intake_is_open):
        due = moves_due(self.ever_shown, now, intake_is_open=intake_is_open)
        for metric, moved in due.items():
            arms = self.ever_shown.setdefault(metric, {variant: [0] for variant in VARIANTS})
            for variant in moved:
                arms[variant].append(now[metric][variant].mature)
        self.documents.append(
            {m: {v: units[-1] for v, units in arms.items()} for m, arms in self.ever_shown.items()}
        )


@given(st.lists(ARRIVAL, max_size=40))
def test_no_two_readings_ever_differ_by_a_few_accounts(arrivals):
    exposed = dict.fromkeys(VARIANTS, 0)
    mature = {(metric, variant): 0 for metric in METRICS for variant in VARIANTS}
    readers = Readers()
    for number, arrival in enumerate(arrivals):
        for place, variant in enumerate(VARIANTS):
            exposed[variant] += arrival["exposed"][place]
            exposed[variant] -= min(arrival["leave"][place], exposed[variant])
        for place, name in enumerate(mature):
            mature[name] = min(exposed[name[1]], mature[name] + arrival["ripe"][place])
        now = {m: {v: ArmProgress(mature[m, v], exposed[v]) for v in VARIANTS} for m in METRICS}
        if arrival["is_read"]:
            readers.read(now, intake_is_open=number < len(arrivals) * 3 // 4)

    for one, other in combinations(readers.documents, 2):
        for metric in one.keys() & other.keys():
            for variant in VARIANTS:
                apart = abs(one[metric][variant] - other[metric][variant])
                assert apart == 0 or apart >= K
        for metric in other.keys() - one.keys():
            assert all(units == 0 or units >= K for units in other[metric].values())


def test_a_metric_steps_without_waiting_for_another():
    arms = dict.fromkeys(VARIANTS, ArmProgress(30, 60))
    late = dict.fromkeys(VARIANTS, ArmProgress(3, 60))

    due = moves_due({}, {"meetings": arms, "revenue": late}, intake_is_open=True)

    assert due == {"meetings": frozenset(VARIANTS)}


def test_a_variant_that_has_as_many_units_as_before_keeps_its_figures():
    now = {"plain": ArmProgress(20, 40), "question": ArmProgress(30, 40)}
    shown = {"meetings": {"plain": [20], "question": [20]}}

    assert moves_due(shown, {"meetings": now}, intake_is_open=True) == {"meetings": {"question"}}


@pytest.mark.parametrize(
    ("mature", "expected"), [(20, {}), (22, {}), (25, {"meetings": {"plain"}})]
)
def test_units_that_left_and_came_again_are_held_against_everything_shown(mature, expected):
    shown = {"meetings": {"plain": [20, 30, 12]}}
    now = {"meetings": {"plain": ArmProgress(mature, 60)}}

    assert moves_due(shown, now, intake_is_open=True) == expected


@pytest.mark.parametrize(
    ("shown", "plain", "question", "is_open", "expected"),
    [
        ({}, (0, 9), (0, 9), True, NextStep(Wait.MATURITY, 5)),
        ({}, (3, 9), (2, 9), True, NextStep(Wait.MATURITY, 5)),
        ({}, (6, 20), (4, 20), True, NextStep(Wait.MATURITY, 1)),
        # A tenth of 200 is 20, of which 8 are there.
        ({"plain": 99, "question": 101}, (107, 200), (101, 200), True, NextStep(Wait.MATURITY, 12)),
        # Enough is mature, but nothing would be left for the step after it.
        ({}, (20, 20), (20, 20), True, NextStep(Wait.EXPOSURES)),
        ({"plain": 20, "question": 20}, (20, 20), (20, 20), False, NextStep(Wait.NOTHING)),
    ],
)  # fmt: skip
def test_what_the_next_step_waits_for(shown, plain, question, is_open, expected):
    now = {"plain": ArmProgress(*plain), "question": ArmProgress(*question)}

    assert next_step(shown, now, intake_is_open=is_open) == expected


@pytest.mark.parametrize("has_figures", [False, True])
@pytest.mark.parametrize("wait", list(Wait))
def test_every_wait_is_said_in_both_languages(wait, has_figures):
    said = sentence_of(NextStep(wait, 12), has_figures=has_figures)

    assert "wenige Accounts" in said.de
    assert "a few accounts" in said.en
    assert ("12" in said.en) == ("12" in said.de) == (wait is Wait.MATURITY)
