"""The examples that ship with the contracts, loaded: good ones, and bad ones with their reason."""

from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "schemas" / "examples"


@dataclass(frozen=True)
class ValidExample:
    """An event that the codec must take."""

    contract: str
    name: str
    raw: bytes


@dataclass(frozen=True)
class InvalidExample:
    """An event that must be refused for `field` and `rule`, as its file name says."""

    contract: str
    name: str
    raw: bytes
    field: str
    rule: str


def valid_examples() -> list[ValidExample]:
    """Every valid example of every type, by name."""
    return [
        ValidExample(path.parents[1].name, path.stem, path.read_bytes())
        for path in sorted(FOLDER.glob("*/valid/*.json"))
    ]


def invalid_examples() -> list[InvalidExample]:
    """Every invalid example: `data.reason--missing.json` breaks `missing` at `data.reason`."""
    return [
        InvalidExample(path.parents[1].name, path.stem, path.read_bytes(), *_reason_of(path))
        for path in sorted(FOLDER.glob("*/invalid/*.json"))
    ]


def _reason_of(path: Path) -> tuple[str, str]:
    field, rule = path.stem.split("--")[:2]
    return field, rule
