"""Which group a unit's first exposure puts it in."""

from typing import Any

import pytest

from attribution.groups import group_reader
from schemas.dimensions import Dimension
from schemas.events import Event

INDUSTRY = Dimension(field="data.firm.industry", values=("steel", "7", "true"))


def exposure(**fields: Any) -> Event:
    met = {"source": "mail", "id": "1", "type": "experiment.exposure", "time_us": 0}
    return Event(**{**met, **fields})


@pytest.mark.parametrize(
    ("value", "group"),
    [
        ("steel", "steel"),
        ("Steel", "other"),
        (7, "7"),
        (True, "true"),
        ("", "not_given"),
        (None, "not_given"),
        ({"name": "steel"}, "not_given"),
        (["steel"], "not_given"),
    ],
)
def test_a_value_is_compared_as_json_writes_it(value: Any, group: str) -> None:
    assert group_reader(INDUSTRY)(exposure(data={"firm": {"industry": value}})) == group


def test_an_exposure_that_does_not_have_the_field_says_nothing() -> None:
    assert group_reader(INDUSTRY)(exposure(data={"firm": "steel"})) == "not_given"
    assert group_reader(Dimension(field="channel", values=("web",)))(exposure()) == "not_given"
    assert (
        group_reader(Dimension(field="channel", values=("web",)))(exposure(channel="web")) == "web"
    )
