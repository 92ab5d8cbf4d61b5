"""Whether a new version of a registered type takes whatever its older version took.

Stricter than the comparison of published contracts: those are generated and hold few keywords, the
schema of a house may hold any. What cannot be compared has to stay as it is.
"""

from collections.abc import Iterator
from typing import Any

from schemas.compatibility import BreakingChange, JsonSchema, breaking_changes

_COMPARED = {"type", "enum", "const", "required", "pattern", "format", "multipleOf", "uniqueItems"}
_COMPARED |= {
    f"{end}{what}" for end in ("min", "max") for what in ("Length", "Items", "Properties")
}
_COMPARED |= {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"}
_NOTES = {"title", "description", "examples", "default", "deprecated", "readOnly", "writeOnly"}
_NOTES |= {"$comment", "$schema"}
_SCHEMAS_BY_NAME = ("properties", "$defs")
_ONE_SCHEMA = ("items", "additionalProperties")
_ENTERED = {*_SCHEMAS_BY_NAME, *_ONE_SCHEMA, "anyOf"}


def changes_that_break(old: JsonSchema, new: JsonSchema) -> tuple[BreakingChange, ...]:
    """Every reason why somebody who keeps to the old schema may not be understood any more."""
    if old == new:
        return ()
    uncompared = tuple(_uncompared_changes(old, new, "$"))
    return uncompared + breaking_changes(_comparable(old), _comparable(new))


def _uncompared_changes(old: Any, new: Any, path: str) -> Iterator[BreakingChange]:
    """What changed in keywords that nothing here understands, wherever the new schema goes."""
    if old is False:
        return  # it took nothing, so anything is more
    before, after = _as_object(old), _as_object(new)
    for keyword in sorted((before.keys() | after.keys()) - _COMPARED - _NOTES - _ENTERED):
        if before.get(keyword) != after.get(keyword):
            yield BreakingChange(path, "changed rule", keyword)
    if before.get("anyOf") != after.get("anyOf") and not _are_plain(before, after):
        yield BreakingChange(path, "changed rule", "anyOf")
    for keyword in _SCHEMAS_BY_NAME:
        known, inner = before.get(keyword, {}), after.get(keyword, {})
        for name in known.keys() & inner.keys():
            place = f"{path}.{name}" if keyword == "properties" else f"{path}.{keyword}/{name}"
            yield from _uncompared_changes(known[name], inner[name], place)
    for keyword in after.keys() & set(_ONE_SCHEMA):
        known = before.get(keyword, True)
        yield from _uncompared_changes(known, after[keyword], f"{path}.{keyword}")


def _are_plain(*schemas: JsonSchema) -> bool:
    """Whether all alternatives can be compared, whichever of them takes the place of which."""
    return all(
        isinstance(one, dict) and one.keys() <= _COMPARED | _NOTES
        for schema in schemas
        for one in schema.get("anyOf", ())
    )


def _comparable(schema: Any) -> JsonSchema:
    """The schema as far as the comparison understands it; definitions stand beside the fields.

    References stay out, for they have to stay as they are, and where they lead is compared as well.
    """
    known = _as_object(schema)
    plain = {keyword: value for keyword, value in known.items() if keyword in _COMPARED}
    fields = {name: _comparable(inner) for name, inner in known.get("properties", {}).items()}
    fields |= {f"$defs/{n}": _comparable(inner) for n, inner in known.get("$defs", {}).items()}
    if fields:
        plain["properties"] = fields
    if "items" in known:
        plain["items"] = _comparable(known["items"])
    if "additionalProperties" in known:
        others = known["additionalProperties"]
        plain["additionalProperties"] = _comparable(others) if isinstance(others, dict) else others
    if "anyOf" in known:
        plain["anyOf"] = [_comparable(inner) for inner in known["anyOf"]]
    return plain


def _as_object(schema: Any) -> JsonSchema:
    """A schema may be true, which takes everything, or false, which takes nothing."""
    if isinstance(schema, dict):
        return schema
    return {} if schema else {"not": {}}
