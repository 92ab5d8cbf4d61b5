"""What a comparison may be called, by how its units came to their arm."""

from __future__ import annotations

import itertools

import pytest

from inference.arguments import ArgumentError
from inference.evidence import Adjustment, Assignment, Delivery, Grade, grade_of, sentence_of


@pytest.mark.parametrize(
    ("assignment", "delivery", "adjustment", "grade"),
    [
        (Assignment.RANDOMISED, Delivery.INTACT, Adjustment.NONE, Grade.A),
        (Assignment.RANDOMISED, Delivery.INTACT, Adjustment.MATCHED_OR_ADJUSTED, Grade.A),
        (Assignment.RANDOMISED, Delivery.BROKEN, Adjustment.NONE, Grade.B),
        (Assignment.CHOSEN, Delivery.INTACT, Adjustment.MATCHED_OR_ADJUSTED, Grade.C),
        (Assignment.CHOSEN, Delivery.INTACT, Adjustment.NONE, Grade.D),
        (Assignment.BEFORE_AFTER, Delivery.INTACT, Adjustment.MATCHED_OR_ADJUSTED, Grade.D),
        (Assignment.BEFORE_AFTER, Delivery.INTACT, Adjustment.NONE, Grade.D),
    ],
)
def test_the_grade_follows_from_assignment_delivery_and_adjustment(
    assignment, delivery, adjustment, grade
):
    assert grade_of(assignment, delivery, adjustment) is grade


def test_only_an_intact_randomised_experiment_proves_a_cause():
    for case in itertools.product(Assignment, Delivery, Adjustment):
        intact = case[:2] == (Assignment.RANDOMISED, Delivery.INTACT)
        assert grade_of(*case).proves_cause == intact


@pytest.mark.parametrize("grade", list(Grade))
def test_every_grade_has_its_words_in_both_languages(grade):
    sentence = sentence_of(grade)

    assert sentence.en.startswith(f"Evidence {grade}: ")
    assert sentence.de.startswith(f"Evidenz {grade}: ")


@pytest.mark.parametrize("grade", [Grade.C, Grade.D])
def test_what_was_not_randomised_is_never_called_an_effect(grade):
    sentence = sentence_of(grade)

    assert "effect" not in sentence.en
    assert "Wirkung" not in sentence.de


@pytest.mark.parametrize(
    ("case", "rule"),
    [
        (("randomised",), "assignment must be one of Assignment, not 'randomised'"),
        ((Assignment.CHOSEN, "broken"), "delivery must be one of Delivery, not 'broken'"),
        (
            (Assignment.CHOSEN, Delivery.INTACT, None),
            "adjustment must be one of Adjustment, not None",
        ),
    ],
)
def test_an_unknown_design_has_no_grade(case, rule):
    with pytest.raises(ArgumentError) as refusal:
        grade_of(*case)

    assert str(refusal.value) == rule
