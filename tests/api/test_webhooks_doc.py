"""docs/webhooks.md says what is so: its receiver is run, its tables and examples are the code's."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from api.webhook_drafts import Redelivery, WebhookDraft
from api.webhook_sender import TOTAL_SECONDS, Outcome
from api.webhook_signature import secret_as_text, signed_headers
from schemas.insights import INSIGHT_TYPES, OfExperiment, decode_insight
from schemas.json_schemas import json_schemas

DOCUMENT = (Path(__file__).resolve().parents[2] / "docs" / "webhooks.md").read_text("utf-8")
NOW = 1_777_887_012
SECRET, OTHER = b"one-secret", b"another-secret"
BODY = '{"type":"insight.alarm","data":{"sentence":{"de":"Ä"}}}'.encode()


def verify() -> Callable[..., str]:
    found = re.search(r"<!-- receiver -->\n```python\n(.*?)```", DOCUMENT, re.DOTALL)
    assert found is not None
    names: dict[str, Any] = {}
    exec(found[1], names)
    receive: Callable[..., str] = names["verify"]
    return receive


def headers(*secrets: bytes, at: int = NOW, body: bytes = BODY) -> dict[str, str]:
    return signed_headers("m1", datetime.fromtimestamp(at, UTC), body, secrets or (SECRET,))


def test_the_documented_receiver_takes_what_was_sent() -> None:
    assert verify()(secret_as_text(SECRET), headers(), BODY, now=NOW + 2) == "m1"


@pytest.mark.parametrize("secret", [SECRET, OTHER])
def test_it_takes_either_secret_while_one_is_rotated(secret: bytes) -> None:
    assert verify()(secret_as_text(secret), headers(OTHER, SECRET), BODY, now=NOW) == "m1"


@pytest.mark.parametrize(
    ("changes", "body", "reason"),
    [
        ({}, BODY + b" ", "no signature"),
        ({"webhook-id": "m2"}, BODY, "no signature"),
        ({"webhook-timestamp": str(NOW + 1)}, BODY, "no signature"),
        ({"webhook-signature": headers(OTHER)["webhook-signature"]}, BODY, "no signature"),
        ({"webhook-signature": ""}, BODY, "no signature"),
        ({"webhook-signature": "v1,Ü"}, BODY, "no signature"),
        ({"webhook-timestamp": "-1"}, BODY, "no number"),
        (headers(at=NOW - 301), BODY, "too old"),
        (headers(at=NOW + 301), BODY, "too old"),
    ],
)
def test_it_refuses_what_was_changed_forged_or_replayed(
    changes: dict[str, str], body: bytes, reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        verify()(secret_as_text(SECRET), headers() | changes, body, now=NOW)


def test_every_type_has_its_row_with_its_fields() -> None:
    rows = re.findall(r"^\| `(insight\.\w+)` \| [^|]+ \| ([^|]+) \|$", DOCUMENT, re.MULTILINE)

    assert {name: set(re.findall(r"`(\w+)`", fields)) for name, fields in rows} == {
        row.name: set(row.payload.__struct_fields__) - {"sentence"}
        for row in INSIGHT_TYPES.values()
    }


def test_every_outcome_is_named() -> None:
    listed = DOCUMENT.split("Outcomes in the log:")[1].split("\n\n")[0]

    assert set(re.findall(r"`(\w+)`", listed)) == {outcome.value for outcome in Outcome}


def test_the_example_is_an_insight_as_its_schema_asks() -> None:
    example, asked, again = (
        json.loads(text) for text in re.findall(r"```json\n(.*?)```", DOCUMENT, re.DOTALL)
    )

    schema = json_schemas()["insight.status_changed.v1"]
    assert list(Draft202012Validator(schema).iter_errors(example)) == []
    assert isinstance(decode_insight(json.dumps(example).encode()).data, OfExperiment)
    assert WebhookDraft.model_validate(asked).experiments == ("spring-mail",)
    assert Redelivery.model_validate(again).deliveries == (4711,)


def test_the_time_that_a_request_is_given_is_the_one_that_is_written() -> None:
    assert f"a request is given {TOTAL_SECONDS:.0f} seconds" in DOCUMENT
