"""The real data with published answers: moments straight from the rows, answers as published."""

from __future__ import annotations

import csv
import functools
import gzip
import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from inference.moments import Moments

_FOLDER = Path(__file__).resolve().parents[3] / "shared" / "data"


@functools.cache
def answers(name: str) -> dict[str, Any]:
    return json.loads(_path("known_answers.json").read_text())[name]


@functools.cache
def hillstrom_moments() -> dict[tuple[str, str], Moments]:
    """By (arm, outcome); spend in cents with the spend before the mail as covariate."""
    units: dict[tuple[str, str], list[Moments]] = defaultdict(list)
    with gzip.open(_path("hillstrom.csv.gz"), "rt") as file:
        for row in csv.DictReader(file):
            history = _cents(row["history"])
            for outcome in ("visit", "conversion"):
                units[row["segment"], outcome].append(Moments.of_outcome(int(row[outcome])))
            spend = Moments.of_outcome(_cents(row["spend"]), history)
            units[row["segment"], "spend"].append(spend)
    return {key: sum(moments, Moments.zero()) for key, moments in units.items()}


@functools.cache
def landing_page_moments() -> dict[str, Moments]:
    """Cleaned as published: rows whose page fits the arm, the first row of each user."""
    fitting = {("control", "old_page"), ("treatment", "new_page")}
    seen: set[str] = set()
    arms = {"control": Moments.zero(), "treatment": Moments.zero()}
    with gzip.open(_path("ab_data.csv.gz"), "rt") as file:
        for row in csv.DictReader(file):
            if (row["group"], row["landing_page"]) in fitting and row["user_id"] not in seen:
                seen.add(row["user_id"])
                arms[row["group"]] += Moments.of_outcome(int(row["converted"]))
    return arms


def _path(name: str) -> Path:
    path = _FOLDER / name
    if not path.exists():
        pytest.skip(f"the published data are not here: {path}")
    return path


def _cents(text: str) -> int:
    units, _, rest = text.partition(".")
    return int(units) * 100 + int(rest.ljust(2, "0"))
