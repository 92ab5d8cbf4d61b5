"""Reads a mapping from its TOML file, or says which key breaks which rule."""

import hashlib
import tomllib
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from cli.replaying.mapping import Mapping
from cli.stack_error import StackError


class MappingError(StackError):
    """A mapping file that cannot be used; the message names the key and the rule."""


@dataclass(frozen=True)
class LoadedMapping:
    """A mapping and the digest of the file that it was read from."""

    mapping: Mapping
    digest: str


def load_mapping(path: Path) -> LoadedMapping:
    """Read a mapping file; raises MappingError naming the first wrong keys and their rules."""
    try:
        content = path.read_bytes()
        table = tomllib.loads(content.decode())
    except OSError as error:
        raise MappingError(f"{path}: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise MappingError(f"{path} is not TOML: {error}.") from error
    try:
        mapping = Mapping.model_validate(table)
    except ValidationError as error:
        raise MappingError(_explain(path, error)) from error
    return LoadedMapping(mapping, hashlib.sha256(content).hexdigest())


def _explain(path: Path, error: ValidationError) -> str:
    lines = []
    for item in error.errors(include_url=False):
        key = ".".join(str(part) for part in item["loc"]) or "mapping"
        lines.append(f"{key}: {item['msg'].removeprefix('Value error, ')}")
    return "\n  ".join([f"{path} is no mapping that can be used:", *lines])
