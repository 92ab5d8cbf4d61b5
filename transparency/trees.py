"""Reads a JSON-like tree of which nothing is sure: what is not as expected is not there."""

from collections.abc import Mapping
from typing import Any

Node = Mapping[str, Any]


def objects_in(value: Any) -> list[Node]:
    """Return the objects of a list; nothing where it is no list."""
    if not isinstance(value, list | tuple):
        return []
    return [item for item in value if isinstance(item, Mapping)]


def text_of(node: Node, name: str) -> str:
    """Return a field that holds text; empty where it holds anything else."""
    value = node.get(name)
    return value if isinstance(value, str) else ""
