"""Every public function of inference refuses what cannot be, by the name of the argument and rule.

A public function that takes a number, an outcome or a choice, and that no row of
`refused_arguments` knows, fails.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator

import pytest

import inference
from tests.inference.refused_arguments import FRONTS, Front

BEHIND = {
    "arguments": "the checks themselves",
    "comparisons": "columns",
    "differences": "columns",
    "elimination": "exact sums that were checked",
    "exact": "columns",
    "farrington_manning": "columns",
    "layout": "plans that were checked",
    "reasons": "columns",
    "sentences": "figures of a reading",
    "small_experiments": "plans and sums that were checked",
    "sums": "columns",
    "unit_evidence": "plans and units that were checked",
    "wording": "figures of a reading",
}
"""Modules whose functions take what others have checked, and what that is."""
PARTS = {
    "arms.steps_of",
    "exact_tests.largest_chance",
    "exact_tests.binomial_chances",
    "lifts.lifts",
    "looks.crossing_chances",
    "moments.Moments.of_outcome",
    "pairs.pair_reading",
    "sequences.squared_bound",
    "survival.log_log_interval",
    "survival.normal_comparison",
    "survival.unseen",
}
"""Parts of methods that other modules use with arguments that were checked, and the sums of one
event, which are checked where totals come in."""
NUMBER = re.compile(r"\b(int|float|object|Fraction|Decimal|Method|Spending|Grade|Assignment)\b")
RULE = "must|between|at least|above|rising|exactly|too small|larger|are not|draw"


def answer_of(front: Front, argument: str, value: object) -> str:
    """What the function says to a value: the message of its refusal, or what it made of it."""
    try:
        return f"took it: {front.function(**{**front.fitting, argument: value})!r:.60}"
    except ValueError as refusal:
        return str(refusal)
    except Exception as broken:  # noqa: BLE001 - what is not refused breaks in any way
        return f"broke: {type(broken).__name__} {broken}"


def rows() -> list[object]:
    return [
        pytest.param(front, key, id=f"{front.name}({key})")
        for front in FRONTS
        for key in front.refused
    ]


@pytest.mark.parametrize(("front", "key"), rows())
def test_what_cannot_be_is_refused_by_argument_and_rule(front, key):
    named, _, argument = key.partition(" of ")
    argument = argument or re.split(r"\W", named)[0]
    refusal = re.compile(rf"{re.escape(named)}[ :].*({RULE})")

    answers = {repr(v): answer_of(front, argument, v) for v in front.refused[key]}

    assert {value: said for value, said in answers.items() if not refusal.match(said)} == {}


@pytest.mark.parametrize("front", FRONTS, ids=lambda front: front.name)
def test_the_same_call_with_what_fits_is_taken(front):
    front.function(**front.fitting)


def public() -> Iterator[tuple[str, object]]:
    """Functions, methods and checked values of all modules that take arguments from outside."""
    for module in pkgutil.iter_modules(inference.__path__):
        if module.name in BEHIND:
            continue
        for name, member in vars(importlib.import_module(f"inference.{module.name}")).items():
            if getattr(member, "__module__", "") == f"inference.{module.name}":
                yield from parts_of(f"{module.name}.{name}", member)


def parts_of(name: str, member: object) -> Iterator[tuple[str, object]]:
    if inspect.isclass(member):
        if "__post_init__" in vars(member):
            yield name, member
        for own, part in vars(member).items():
            if callable(part) or isinstance(part, classmethod):
                yield from parts_of(f"{name}.{own}", getattr(member, own))
    elif isinstance(member, functools._lru_cache_wrapper) or inspect.isroutine(member):
        yield name, member


def takes_numbers(member: object) -> bool:
    """Whether an argument is a number, an outcome or a choice, and no column of them."""
    annotations = [str(p.annotation) for p in inspect.signature(member).parameters.values()]
    return any(NUMBER.search(text) and "Floats" not in text for text in annotations)


def test_every_public_function_that_takes_numbers_has_its_row():
    known = {front.name for front in FRONTS} | PARTS

    unknown = {
        name
        for name, member in public()
        if not re.search(r"\._", name) and takes_numbers(member) and name not in known
    }

    assert unknown == set()


def test_what_is_excepted_exists():
    modules = {module.name for module in pkgutil.iter_modules(inference.__path__)}

    assert set(BEHIND) <= modules
    assert {name for name, _ in public()} >= PARTS
