"""docs/api.md says what is so: its tables are those of the code, its examples are sent."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from fastapi.routing import APIRoute

from api.app import ROUTERS, build_app
from api.problems import KINDS
from api.settings import VARIABLES
from tests.api.conftest import Gateway
from tests.api.serving import serving, settings, wait_for

DOCUMENT = (Path(__file__).resolve().parents[2] / "docs" / "api.md").read_text(encoding="utf-8")
_EXAMPLE = re.compile(
    r"<!-- POST (?P<path>\S+) (?P<status>\d+) -->\n```json\n(?P<body>.*?)```\n"
    r"(?:\n<!-- answer -->\n```json\n(?P<answer>.*?)```)?",
    re.DOTALL,
)


def table_below(heading: str) -> list[list[str]]:
    """The rows of the first table after a line that holds `heading`."""
    lines = DOCUMENT[DOCUMENT.index(heading) :].splitlines()
    start = next(place for place, line in enumerate(lines) if line.startswith("|---")) + 1
    rows = []
    for line in lines[start:]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip().strip("`") for cell in line.strip("|").split("|")])
    return rows


def test_every_route_has_its_row() -> None:
    served = {
        f"{method} {route.path}"
        for router in ROUTERS
        for route in router.routes
        if isinstance(route, APIRoute)
        for method in route.methods
    }

    assert {route for route, _ in table_below("| route |")} == served


def test_every_kind_of_problem_has_its_row() -> None:
    assert table_below("## When something is wrong") == [
        [kind.slug, str(kind.status), kind.title] for kind in KINDS
    ]


def test_every_setting_has_its_row() -> None:
    assert table_below("## Settings") == [
        [variable.name, variable.default or "", variable.purpose] for variable in VARIABLES
    ]


@pytest.mark.stack
def test_every_example_gets_the_answer_that_is_written_below_it(
    gateway: Gateway, database: str
) -> None:
    examples = list(_EXAMPLE.finditer(DOCUMENT))
    app = build_app(settings(kafka=gateway.broker, database=database), events_topic=gateway.topic)
    with serving(app) as client:
        wait_for(lambda: client.get("/v1/metrics").status_code == 200)
        wait_for(lambda: not app.state.services.log.is_stalled)
        answers = [client.post(e["path"], json=json.loads(e["body"])) for e in examples]

    assert len(examples) == 9
    assert [a.status_code for a in answers] == [int(e["status"]) for e in examples]
    written: list[tuple[Any, Any]] = [
        (json.loads(example["answer"]), answer.json())
        for example, answer in zip(examples, answers, strict=True)
        if example["answer"]
    ]
    assert len(written) == 3
    for expected, found in written:
        assert found == expected
