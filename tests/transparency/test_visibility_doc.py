"""The page on visibility is true: its examples run and its tables are those of the code."""

import doctest
import re
from pathlib import Path

from schemas.policies import READY_MADE, Audience, Level, Phase

PAGE = Path(__file__).resolve().parents[2] / "docs" / "visibility.md"
TEXT = PAGE.read_text(encoding="utf-8")
ROW = r"^\| (?:`(\w+)`)? ?\| (owner team|other side|organisation) \| (\w+) \| (\w+) \| (\w+) \|$"


def test_every_example_gives_what_the_page_says():
    results = doctest.testfile(str(PAGE), module_relative=False, encoding="utf-8")

    assert results.failed == 0
    assert results.attempted == TEXT.count("\n>>> ")


def test_the_table_of_policies_is_that_of_the_code():
    rows, policy = {}, ""
    for named, audience, *levels in re.findall(ROW, TEXT, flags=re.MULTILINE):
        policy = named or policy
        rows[policy, audience.replace(" ", "_")] = levels

    assert rows == {
        (key, audience.value): [policy.of(audience).at(phase).value for phase in Phase]
        for key, policy in READY_MADE.items()
        for audience in Audience
    }


def test_every_level_is_explained():
    assert re.findall(r"^\| `(\w+)` \| [a-z]", TEXT, flags=re.MULTILINE)[:5] == [
        level.value for level in Level
    ]
