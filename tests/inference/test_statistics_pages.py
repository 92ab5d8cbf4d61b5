"""The pages on few units, time to a deal and planning are true: their examples run."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGES = {
    "statistics_small_samples.md": 10,
    "statistics_time_to_deal.md": 4,
    "statistics_planning.md": 6,
}


@pytest.mark.parametrize("page", PAGES)
def test_every_example_gives_what_the_page_says(page):
    text = (DOCS / page).read_text(encoding="utf-8")

    results = doctest.testfile(str(DOCS / page), module_relative=False, encoding="utf-8")

    assert results.failed == 0
    assert results.attempted == text.count("\n>>> ")


@pytest.mark.parametrize(("page", "methods"), PAGES.items())
def test_every_method_has_question_source_assumption_weakness_and_example(page, methods):
    sections = (DOCS / page).read_text(encoding="utf-8").split("\n## ")[1:]

    assert len(sections) == methods
    for section in sections:
        assert "**Question.**" in section
        assert "**Source" in section
        assert "**Assumes**" in section
        assert "**Misleads**" in section
        assert ">>> " in section


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_to_a_heading(page):
    text = (DOCS / page).read_text(encoding="utf-8")

    for target, anchor in re.findall(r"\]\(([\w.]*)#([\w-]+)\)", text):
        linked = (DOCS / (target or page)).read_text(encoding="utf-8")
        anchors = {
            re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-")
            for heading in re.findall(r"^## (.+)$", linked, re.MULTILINE)
        }
        assert anchor in anchors
