"""Docstrings say enough: what every argument is, where a method comes from, in whole sentences."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import inference
from tests.inference.refused_arguments import FRONTS, Front

PAGE = Path(__file__).resolve().parents[2] / "docs" / "statistics.md"
TABLE = (
    PAGE.read_text(encoding="utf-8").partition("## Arguments and results")[2].partition("\n## ")[0]
)
CONVENTIONS = set(re.findall(r"`(\w+)`", TABLE))
"""Arguments that mean the same everywhere and are explained on the page."""
MODULES = [module.name for module in pkgutil.iter_modules(inference.__path__)]
VALUES = {"arms", "comparison", "moments", "plan"}
METHODS = sorted(
    {front.function.__module__.removeprefix("inference.") for front in FRONTS} - VALUES
)
WITHOUT_SOURCE = {
    "covariate_moments": "sums",
    "deal_times": "counting",
    "evidence": "words",
    "expected_end": "arithmetic",
    "progress": "arithmetic",
    "relabelling": "enumeration",
}
EXPLAINED_BY_TYPE = {
    "accounts",
    "arm",
    "baseline",
    "blocks",
    "deals",
    "design",
    "generator",
    "groups",
    "looks",
    "moments",
    "prior",
    "relabellings",
    "shares",
    "traffic",
    "units",
    "weeks",
}
"""Values with a docstring of their own."""


def members() -> Iterator[tuple[str, object]]:
    for name in MODULES:
        module = importlib.import_module(f"inference.{name}")
        yield name, module
        for own, member in vars(module).items():
            if getattr(member, "__module__", "") == module.__name__ and callable(member):
                yield f"{name}.{own}", member
                yield from parts_of(f"{name}.{own}", member)


def parts_of(name: str, member: object) -> Iterator[tuple[str, object]]:
    for own, part in vars(member).items() if inspect.isclass(member) else ():
        if inspect.isfunction(part) or isinstance(part, classmethod | property):
            yield f"{name}.{own}", part


def public() -> dict[str, object]:
    return {name: member for name, member in members() if not re.search(r"(^|\.)_", name)}


def test_every_public_name_is_described_in_whole_sentences():
    broken = {
        name: doc
        for name, member in public().items()
        if not re.match(r"\S.*[.?]$", doc := (inspect.getdoc(member) or "").split("\n\n")[0], re.S)
    }

    assert broken == {}


FUNCTIONS = [front for front in FRONTS if not inspect.isclass(front.function)]


@pytest.mark.parametrize("front", FUNCTIONS, ids=lambda front: front.name)
def test_every_argument_is_explained(front):
    text = f"{inspect.getdoc(front.function)} {described_with(front)}".lower()

    unexplained = [
        name
        for name in inspect.signature(front.function).parameters
        if name not in CONVENTIONS | EXPLAINED_BY_TYPE and not is_named(name, text)
    ]

    assert unexplained == []


def described_with(front: Front) -> str:
    """The docstring of the module, which introduces what its functions share."""
    return inspect.getdoc(sys.modules[front.function.__module__]) or ""


def is_named(name: str, text: str) -> bool:
    """Whether the name, or its words, stand in the text; singular will do."""
    words = name.removesuffix("s").split("_")
    return name in text or all(re.search(rf"\b{word}", text) for word in words)


@pytest.mark.parametrize("name", METHODS)
def test_every_method_names_its_source(name):
    text = inspect.getdoc(importlib.import_module(f"inference.{name}")) or ""

    assert (re.search(r"[Ss]ource|arXiv|\b(19|20)\d\d\b", text) is None) == (name in WITHOUT_SOURCE)


def test_what_is_excepted_exists():
    arguments = {name for front in FRONTS for name in inspect.signature(front.function).parameters}

    assert {"level", "scale", "planned_units", "control", "treatment"} <= CONVENTIONS
    assert set(METHODS) >= set(WITHOUT_SOURCE)
    assert arguments >= EXPLAINED_BY_TYPE
