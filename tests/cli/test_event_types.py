"""The command registers what a file holds, says what became of it, and lists what is there."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.app import build_app
from cli.main import main
from tests.api.serving import TOKEN, serving, settings, wait_for

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "product_trial.event_types.json"
DRAFT = {
    "type": "shop.order.placed",
    "meaning": "An order came in",
    "owner": "sales",
    "data_schema": {"properties": {"n": {"type": "integer"}}},
}


@pytest.fixture
def address(database: str, tmp_path: Path) -> Iterator[list[str]]:
    """The options that name an API with an empty registry."""
    with serving(build_app(settings(database=database))) as client:
        wait_for(lambda: client.get("/v1/event-types").status_code == 200)
        url = str(client.base_url).rstrip("/")
        yield ["--url", url, "--token", TOKEN, "--data-dir", str(tmp_path)]


def file_of(directory: Path, content: object) -> Path:
    path = directory / "types.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


@pytest.mark.stack
def test_the_example_is_registered_and_listed(
    address: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    codes = [main(["event-types", "add", str(EXAMPLE), *address]) for _ in range(2)]
    added = capsys.readouterr().out.splitlines()
    codes.append(main(["event-types", "list", "--json", *address]))
    listed = json.loads(capsys.readouterr().out)
    codes.append(main(["event-types", "list", *address]))
    table = capsys.readouterr().out

    assert codes == [0, 0, 0, 0]
    assert added == [
        "product.trial.started version 1 registered",
        "product.feature.used version 1 registered",
        "product.trial.started version 1 unchanged",
        "product.feature.used version 1 unchanged",
    ]
    assert [one["type"] for one in listed] == ["product.feature.used", "product.trial.started"]
    assert "An account began to try the product" in table


@pytest.mark.stack
def test_a_refused_draft_is_named_with_its_reason_and_ends_with_2(
    address: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["event-types", "add", str(file_of(tmp_path, DRAFT)), *address])
    narrower = {**DRAFT, "data_schema": {"properties": {"n": {"type": "null"}}}}

    code = main(["event-types", "add", str(file_of(tmp_path, [narrower])), *address])

    assert code == 2
    shown = capsys.readouterr().err
    assert "types.json: shop.order.placed was refused" in shown
    assert "$.n narrowed type" in shown


@pytest.mark.parametrize("content", ["no json", "[]", "[1]", "17", "[" * 100_000])
def test_a_file_without_drafts_is_named_before_anything_is_sent(
    content: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nowhere = ["--url", "http://127.0.0.1:1", "--token", "t", "--data-dir", str(tmp_path)]

    code = main(["event-types", "add", str(file_of(tmp_path, content)), *nowhere])

    assert code == 2
    assert "types.json" in capsys.readouterr().err


def test_an_api_that_does_not_answer_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nowhere = ["--url", "http://127.0.0.1:1", "--token", "t", "--data-dir", str(tmp_path)]

    code = main(["event-types", "list", *nowhere])

    assert code == 2
    assert "127.0.0.1:1" in capsys.readouterr().err
