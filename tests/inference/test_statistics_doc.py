"""The page on statistics is true: its examples run, and nothing that readings say is missing."""

from __future__ import annotations

import doctest
from pathlib import Path

import pytest

from inference.statuses import Status

PAGE = Path(__file__).resolve().parents[2] / "docs" / "statistics.md"
TEXT = PAGE.read_text(encoding="utf-8")


def test_every_example_gives_what_the_page_says():
    results = doctest.testfile(str(PAGE), module_relative=False, encoding="utf-8")

    assert results.failed == 0
    assert results.attempted == TEXT.count("\n>>> ")


@pytest.mark.parametrize("status", list(Status))
def test_every_status_is_explained(status):
    assert f"`{status}`" in TEXT.partition("## What may be concluded")[2]


def test_every_method_has_source_weakness_and_example():
    sections = TEXT.split("\n## ")[2:-3]

    assert len(sections) == 12
    for section in sections:
        assert "**Source" in section
        assert "**Misleads**" in section
        assert ">>> " in section
