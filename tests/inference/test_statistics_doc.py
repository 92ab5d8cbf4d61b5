"""The page on statistics is true: its examples run, and nothing that readings say is missing."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import pytest

from inference.comparison import Reason
from inference.plan import FEWEST_PLANNED_UNITS
from inference.small_experiments import FEWEST_UNITS
from inference.statuses import FEWEST_EVENTS, FEWEST_UNITS_OF_A_RATIO, Status

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE = DOCS / "statistics.md"
TEXT = PAGE.read_text(encoding="utf-8")
SECTIONS = dict(section.split("\n", 1) for section in TEXT.split("\n## ")[1:])
WITHOUT_METHOD = {
    "Which method when",
    "Arguments and results",
    "Moments",
    "What may be concluded",
    "Many experiments at once",
    "How it is calibrated",
}
PARTS = ("**Question.**", "**Source", "**Assumes**", "**Misleads**", "\n>>> ")


def test_every_example_gives_what_the_page_says():
    results = doctest.testfile(str(PAGE), module_relative=False, encoding="utf-8")

    assert results.failed == 0
    assert results.attempted == TEXT.count("\n>>> ")


@pytest.mark.parametrize("status", list(Status))
def test_every_status_is_explained(status):
    assert f"`{status}`" in SECTIONS["What may be concluded"]


@pytest.mark.parametrize("title", sorted(SECTIONS.keys() - WITHOUT_METHOD))
def test_every_method_has_question_formula_source_assumption_weakness_and_example(title):
    section = SECTIONS[title]

    assert [part for part in PARTS if part not in section] == []
    assert re.search("[=√Σ≥−]", section.split("```")[0])


def test_what_is_no_method_is_on_the_page():
    assert SECTIONS.keys() >= WITHOUT_METHOD


def test_every_section_is_in_the_list_of_contents():
    listed = re.findall(r"^- \[(.+)\]\(#", TEXT, re.MULTILINE)

    assert listed == list(SECTIONS)


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\]\(([^)]+)\)", TEXT))))
def test_every_link_leads_somewhere(target):
    file, _, anchor = target.partition("#")
    linked = DOCS / (file or PAGE.name)

    assert linked.exists()
    if anchor:
        headings = re.findall(r"^## (.+)$", linked.read_text(encoding="utf-8"), re.MULTILINE)
        anchors = {
            re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings
        }
        assert anchor in anchors


def test_the_choice_of_method_names_the_thresholds_of_the_library():
    section = SECTIONS["Which method when"]

    assert f"fewer than {FEWEST_PLANNED_UNITS} planned" in section
    assert f"from {FEWEST_UNITS} mature units (and {FEWEST_EVENTS} events)" in section
    assert f"from {FEWEST_UNITS_OF_A_RATIO} mature units in each arm" in section


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_for_having_no_estimate_is_explained(reason):
    assert f"`{reason}`" in SECTIONS["What may be concluded"]
