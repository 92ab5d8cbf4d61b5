"""A new version of a registered type takes whatever its older version took."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from schemas.type_changes import changes_that_break

LINE = {"type": "object", "required": ["sku"]}


def order(**changes: Any) -> dict[str, Any]:
    good = {
        "type": "object",
        "properties": {
            "lines": {"type": "array", "items": {"$ref": "#/$defs/line"}},
            "note": {"type": "string", "maxLength": 5},
            "seats": {"type": "integer"},
        },
        "required": ["lines"],
        "$defs": {"line": LINE},
    }
    return good | changes


def with_field(name: str, schema: Any) -> dict[str, Any]:
    return order(properties={**order()["properties"], name: schema})


@pytest.mark.parametrize(
    "new",
    [
        order(),
        order(required=[]),
        order(description="An order of the shop"),
        with_field("coupon", {"type": "string"}),
        with_field("anything", True),
        with_field("note", {"type": "string", "maxLength": 50}),
        with_field("note", {"type": ["string", "null"]}),
        with_field("seats", {"type": "number"}),
        with_field("note", {"anyOf": [{"type": "string", "maxLength": 5}, {"type": "null"}]}),
        order(**{"$defs": {"line": {"type": "object"}}}),
        order(**{"$defs": {"line": LINE, "address": {"type": "object"}}}),
    ],
)
def test_a_version_that_takes_more_is_compatible(new: dict[str, Any]) -> None:
    assert changes_that_break(order(), new) == ()


@pytest.mark.parametrize(
    ("new", "path", "kind"),
    [
        (order(required=["lines", "note"]), "$.note", "new required field"),
        (order(properties={}), "$.note", "removed field"),
        (with_field("note", {"type": "string", "maxLength": 4}), "$.note", "narrowed range"),
        (with_field("note", {"type": "integer"}), "$.note", "narrowed type"),
        (with_field("note", False), "$.note", "changed rule"),
        (with_field("lines", {"type": "array", "items": LINE}), "$.lines.items", "changed rule"),
        (with_field("note", {"anyOf": [{"type": "string", "not": {"const": "x"}}]}), "$.note",
         "changed rule"),
        (with_field("lines", {"type": "array", "items": False}), "$.lines.items", "changed rule"),
        (order(additionalProperties=False), "$", "narrowed type"),
        (order(propertyNames={"maxLength": 9}), "$", "changed rule"),
        (order(minProperties=1), "$", "narrowed range"),
        (order(dependentRequired={"note": ["seats"]}), "$", "changed rule"),
        (order(**{"not": {"required": ["note"]}}), "$", "changed rule"),
        (order(allOf=[{"required": ["note"]}]), "$", "changed rule"),
        (order(**{"$defs": {"line": {**LINE, "required": ["sku", "n"]}}}), "$.$defs/line.n",
         "new required field"),
        (order(**{"$defs": {"line": {**LINE, "if": {}, "then": False}}}), "$.$defs/line",
         "changed rule"),
    ],
)  # fmt: skip
def test_a_version_that_takes_less_is_found_with_its_place(
    new: dict[str, Any], path: str, kind: str
) -> None:
    found = changes_that_break(order(), new)

    assert (path, kind) in {(change.path, change.kind) for change in found}


def test_a_field_that_was_one_of_the_others_may_not_become_another_kind() -> None:
    old = {"properties": {}, "additionalProperties": {"type": "string"}}
    new = {**old, "properties": {"seats": {"type": "integer"}}}

    assert [c.kind for c in changes_that_break(old, new)] == ["narrowed type"]


SIMPLE = st.sampled_from(["string", "integer", "number", "null", "object", "array"])
PLAIN: st.SearchStrategy[Any] = st.booleans() | st.fixed_dictionaries(
    {},
    optional={
        "type": SIMPLE | st.lists(SIMPLE, min_size=1, max_size=3, unique=True),
        "enum": st.lists(st.sampled_from(["x", "yy", 3, None]), min_size=1, max_size=3),
        "const": st.sampled_from(["x", 3]),
        "maxLength": st.integers(0, 2),
        "minimum": st.integers(0, 3),
        "pattern": st.sampled_from(["x", "^y"]),
    },
)
LEAVES = PLAIN | st.just({"$ref": "#/$defs/d"})
RULES = {
    "type": SIMPLE,
    "a": LEAVES,
    "required": st.sampled_from([[], ["a"], ["a", "b"]]),
    "items": LEAVES,
    "additionalProperties": LEAVES,
    "anyOf": st.lists(LEAVES, min_size=1, max_size=2),
    "oneOf": st.lists(LEAVES, min_size=1, max_size=2),
    "allOf": st.lists(LEAVES, min_size=1, max_size=2),
    "not": LEAVES,
    "if": LEAVES,
    "then": LEAVES,
    "prefixItems": st.lists(LEAVES, min_size=1, max_size=2),
    "contains": LEAVES,
    "minContains": st.integers(0, 1),
    "propertyNames": LEAVES,
    "patternProperties": st.fixed_dictionaries({"a": LEAVES}),
    "minProperties": st.integers(0, 1),
    "maxItems": st.integers(0, 2),
    "d": PLAIN,
}
VALUES = st.recursive(
    st.sampled_from(["x", "yy", "xyx", 0, 1, 3, 2.5, None]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "b"]), inner, max_size=2)
    ),
    max_leaves=3,
)


def schema_of(rules: dict[str, Any]) -> dict[str, Any]:
    """Both fields are known: of those that are not, a new version may say what it wants."""
    fields = {"a": rules.get("a", True), "b": {"type": ["integer", "string"]}}
    kept = {keyword: rule for keyword, rule in rules.items() if keyword not in {"a", "d"}}
    return {**kept, "properties": fields, "$defs": {"d": rules.get("d", True)}}


@st.composite
def amendments(draw: st.DrawFn) -> tuple[dict[str, Any], dict[str, Any]]:
    """A schema of few rules, and the same with one of them changed, added or left out."""
    names = draw(st.lists(st.sampled_from(sorted(RULES)), max_size=3, unique=True))
    old = {name: draw(RULES[name]) for name in names}
    changed = draw(st.sampled_from(names or ["a"]) | st.sampled_from(sorted(RULES)))
    new = {name: rule for name, rule in old.items() if name != changed}
    if draw(st.booleans()):
        new[changed] = draw(RULES[changed])
    return schema_of(old), schema_of(new)


@settings(max_examples=500, deadline=None)
@given(amendments(), st.lists(VALUES, min_size=5, max_size=10))
def test_whatever_was_taken_is_taken_by_every_version_that_is_called_compatible(
    amended: tuple[dict[str, Any], dict[str, Any]], values: list[Any]
) -> None:
    old, new = amended
    # About one in six is compatible; the others say nothing, yet refusing them would slow it down.
    if old == new or changes_that_break(old, new):
        return
    before, after = Draft202012Validator(old), Draft202012Validator(new)

    taken = [value for value in values if before.is_valid(value)]

    assert [value for value in taken if not after.is_valid(value)] == []
