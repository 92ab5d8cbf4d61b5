"""What docs/replay.md says is held against the program."""

import argparse
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cli import replay
from cli.replaying.mapping_file import load_mapping
from tests.replay.small_mappings import events

ROOT = Path(__file__).resolve().parents[2]
DOC = (ROOT / "docs" / "replay.md").read_text()


@pytest.fixture
def documented(tmp_path: Path) -> Path:
    (block,) = re.findall(r"```toml\n(.*?)```", DOC, re.DOTALL)
    path = tmp_path / "documented.toml"
    path.write_text(block)
    return path


def test_the_documented_mapping_does_what_its_comments_say(
    documented: Path, tmp_path: Path
) -> None:
    rules = load_mapping(documented).mapping
    file = tmp_path / "orders.csv"
    file.write_bytes(
        "customer_id;sent_at;group;order_id;total;items\n7;02.03.2024 10:30;B;o1;12,5;\n".encode(
            "cp1252"
        )
    )

    exposure, purchase = events(file, rules)

    assert exposure.data == {"experiment": "spring-mail", "variant": "treatment"}
    assert exposure.time_us == datetime(2024, 3, 2, 9, 30, tzinfo=UTC).timestamp() * 1e6
    assert (purchase.contact, purchase.deal, purchase.amount) == ("customer-7", "o1", 1250)
    assert purchase.time_us - exposure.time_us == 2 * 3600 * 1_000_000
    assert "items" not in purchase.data


def test_every_documented_option_exists_and_every_public_option_is_documented() -> None:
    parser = argparse.ArgumentParser()
    replay.add_arguments(parser)
    shown = {
        option
        for action in parser._actions
        if action.help != argparse.SUPPRESS
        for option in action.option_strings
    }

    documented = set(re.findall(r"`(--[a-z-]+)", DOC))

    assert documented <= shown
    assert shown - documented <= {"-h", "--help", "--mapping", "--data-dir"}


def test_every_example_mapping_is_documented_and_can_be_read() -> None:
    examples = sorted((ROOT / "examples").glob("*.toml"))

    for path in examples:
        load_mapping(path)
        assert f"`examples/{path.name}`" in DOC
    assert len(examples) >= 5
