"""Whether a published schema may take the place of another without breaking those who use it.

What was valid stays valid for its producers, and no known field is taken from its consumers.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

JsonSchema = dict[str, Any]
Kind = Literal[
    "removed field",
    "new required field",
    "narrowed type",
    "dropped value",
    "narrowed range",
    "changed rule",
]

_UPPER_LIMITS = ("maxLength", "maxItems", "maxProperties", "maximum", "exclusiveMaximum")
_LOWER_LIMITS = ("minLength", "minItems", "minProperties", "minimum", "exclusiveMinimum")
_FORMS = ("pattern", "format", "const", "multipleOf", "uniqueItems")
_CHOICES = ("anyOf", "oneOf")


@dataclass(frozen=True)
class BreakingChange:
    """One thing that somebody who keeps to the old schema would trip over."""

    path: str
    kind: Kind
    detail: str = ""


def breaking_changes(old: JsonSchema, new: JsonSchema) -> tuple[BreakingChange, ...]:
    """Every breaking change from the old to the new schema."""
    found = _Comparison(old, new).changes(old, new, "$", frozenset())
    return tuple(dict.fromkeys(found))


@dataclass(frozen=True)
class _Comparison:
    """Two documents, to whose definitions references lead."""

    old_root: JsonSchema
    new_root: JsonSchema

    def changes(
        self, old: JsonSchema, new: JsonSchema, path: str, seen: frozenset[tuple[str, str]]
    ) -> Iterator[BreakingChange]:
        references = (old.get("$ref", ""), new.get("$ref", ""))
        if any(references):
            if references in seen:
                return
            seen |= {references}
        old, new = _resolved(old, self.old_root), _resolved(new, self.new_root)
        yield from self._type_changes(old, new, path)
        yield from _value_changes(old, new, path)
        yield from _limit_changes(old, new, path)
        yield from _required_changes(old, new, path)
        yield from self._choice_changes(old, new, path, seen)
        yield from self._field_changes(old, new, path, seen)
        if "items" in old or "items" in new:
            yield from self.changes(old.get("items", {}), new.get("items", {}), f"{path}[]", seen)

    def _type_changes(
        self, old: JsonSchema, new: JsonSchema, path: str
    ) -> Iterator[BreakingChange]:
        before, after = _types(old, self.old_root), _types(new, self.new_root)
        if after is not None and (before is None or before - after):
            gone = sorted((before or {"any"}) - after)
            yield BreakingChange(path, "narrowed type", f"no longer {', '.join(gone)}")

    def _field_changes(
        self, old: JsonSchema, new: JsonSchema, path: str, seen: frozenset[tuple[str, str]]
    ) -> Iterator[BreakingChange]:
        after = new.get("properties", {})
        for name, field in old.get("properties", {}).items():
            if name not in after:
                yield BreakingChange(f"{path}.{name}", "removed field")
            else:
                yield from self.changes(field, after[name], f"{path}.{name}", seen)
        before, then = (schema.get("additionalProperties", True) for schema in (old, new))
        if isinstance(before, dict):
            # What a field had to be like while it was one of the others, it may still be.
            for name in after.keys() - old.get("properties", {}).keys():
                yield from self.changes(before, after[name], f"{path}.{name}", seen)
        if isinstance(then, dict):
            yield from self.changes(_as_schema(before), then, f"{path}.*", seen)
        elif before is not False and then is False:
            yield BreakingChange(path, "narrowed type", "unknown fields are no longer taken")

    def _choice_changes(
        self, old: JsonSchema, new: JsonSchema, path: str, seen: frozenset[tuple[str, str]]
    ) -> Iterator[BreakingChange]:
        """Every alternative that was open must still be open in some alternative."""
        if not (_choices(old) or _choices(new)):
            return
        alternatives = _choices(new) or [_without_choices(new)]
        for alternative in _choices(old) or [_without_choices(old)]:
            fits = [tuple(self.changes(alternative, each, path, seen)) for each in alternatives]
            yield from min(fits, key=len)


def _resolved(schema: JsonSchema, root: JsonSchema) -> JsonSchema:
    reference = schema.get("$ref")
    if reference is None:
        return schema
    target: Any = root
    for part in reference.removeprefix("#").strip("/").split("/"):
        target = target[part] if part else target
    return {**target, **{key: part for key, part in schema.items() if key != "$ref"}}


def _as_schema(value: Any) -> JsonSchema:
    return value if isinstance(value, dict) else {}


def _choices(schema: JsonSchema) -> list[JsonSchema]:
    return [alternative for key in _CHOICES for alternative in schema.get(key, ())]


def _without_choices(schema: JsonSchema) -> JsonSchema:
    return {key: part for key, part in schema.items() if key not in _CHOICES}


def _types(schema: JsonSchema, root: JsonSchema) -> set[str] | None:
    """The types that a schema leaves open; None where it leaves all open."""
    named = schema.get("type")
    if named is None:
        return _types_of_choices(schema, root)
    names = {named} if isinstance(named, str) else set(named)
    return names | ({"integer"} if "number" in names else set())


def _types_of_choices(schema: JsonSchema, root: JsonSchema) -> set[str] | None:
    names: set[str] = set()
    for alternative in _choices(schema):
        found = _types(_resolved(alternative, root), root)
        if found is None:
            return None
        names |= found
    return names or None


def _value_changes(old: JsonSchema, new: JsonSchema, path: str) -> Iterator[BreakingChange]:
    if "enum" not in new:
        return
    before = old.get("enum", [old["const"]] if "const" in old else None)
    if before is None:
        yield BreakingChange(path, "narrowed type", "only some values are taken now")
    for value in before or ():
        if value not in new["enum"]:
            yield BreakingChange(path, "dropped value", repr(value))


def _limit_changes(old: JsonSchema, new: JsonSchema, path: str) -> Iterator[BreakingChange]:
    for name in _UPPER_LIMITS:
        if name in new and (name not in old or new[name] < old[name]):
            yield BreakingChange(path, "narrowed range", name)
    for name in _LOWER_LIMITS:
        if name in new and (name not in old or new[name] > old[name]):
            yield BreakingChange(path, "narrowed range", name)
    for name in _FORMS:
        if name in new and new[name] != old.get(name) and old.get("enum") != [new[name]]:
            yield BreakingChange(path, "narrowed type", name)


def _required_changes(old: JsonSchema, new: JsonSchema, path: str) -> Iterator[BreakingChange]:
    for name in new.get("required", ()):
        if name not in old.get("required", ()):
            yield BreakingChange(f"{path}.{name}", "new required field")
