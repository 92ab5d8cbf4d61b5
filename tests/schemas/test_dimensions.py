"""Dimensions are groups of accounts that are named before anything is counted."""

from typing import Any

import pytest
from pydantic import ValidationError

from schemas.dimensions import Dimension
from schemas.resources import ExperimentDraft
from tests.schemas.test_amendments import draft

CHANNEL = {"field": "channel", "values": ["email", "web"]}
INDUSTRY = {"field": "data.industry", "name": "Industry", "values": ["steel"]}


def test_every_account_is_in_one_of_the_groups_that_were_named_or_in_one_that_is_always_there() -> (
    None
):
    found = draft(dimensions=[CHANNEL, INDUSTRY])

    assert [d.groups for d in found.dimensions] == [
        ("email", "web", "other", "not_given"),
        ("steel", "other", "not_given"),
    ]


def test_an_experiment_that_was_written_down_before_there_were_dimensions_has_none() -> None:
    stored = draft().model_dump(mode="json")
    del stored["dimensions"], stored["campaign"]

    assert ExperimentDraft.model_validate(stored) == draft()


@pytest.mark.parametrize("field", ["account", "contact", "deal", "amount", "source", "data", "x.y"])
def test_nothing_is_grouped_by_single_accounts_contacts_or_deals(field: str) -> None:
    with pytest.raises(ValidationError, match="field"):
        Dimension.model_validate({"field": field, "values": ["a"]})


@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        ({"dimensions": [CHANNEL, CHANNEL]}, "dimensions: every field once"),
        ({"dimensions": [CHANNEL], "unit": "contact"}, "the unit has to be the account"),
        ({"dimensions": [{**CHANNEL, "values": ["a", "a"]}]}, "values: every one once"),
        ({"dimensions": [{**CHANNEL, "values": ["other"]}]}, "'other' is a group that is always"),
        ({"dimensions": [{**CHANNEL, "values": []}]}, "at least 1 item"),
        ({"dimensions": [{**CHANNEL, "values": list("abcdefg")}]}, "at most 6 items"),
        ({"dimensions": [{**CHANNEL, "values": ["a\x00"]}]}, "match pattern"),
        ({"campaign": "spring\n"}, "match pattern"),
        (
            {"dimensions": [{"field": f"data.f{n}", "values": ["a"]} for n in range(4)]},
            "at most 3 items",
        ),
        (
            {"dimensions": [{"field": f, "values": ["a"]} for f in ("campaign", "content")]},
            "contents add up to campaigns",
        ),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_dimensions_that_do_not_fit_are_refused(fields: dict[str, Any], rule: str) -> None:
    with pytest.raises(ValidationError, match=rule):
        draft(**fields)
