import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from schemas.compatibility import breaking_changes
from schemas.json_schemas import json_schemas
from tests.schemas.baseline import ROOT, baselines, plain_environment, published_at


def test_no_published_contract_breaks_those_who_keep_to_it() -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("no repository here: there is no earlier contract to compare with")
    now = {f"{name}.schema.json": schema for name, schema in json_schemas().items()}

    broken = {
        (commit[:10], name): breaking_changes(schema, now[name]) if name in now else "removed"
        for commit in baselines()
        for name, schema in published_at(commit).items()
    }

    assert {place: changes for place, changes in broken.items() if changes} == {}


def test_the_comparison_looks_at_contracts_of_the_last_commit() -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("no repository here: there is no earlier contract to compare with")

    assert len(published_at(baselines()[-1])) >= 30


def test_a_repository_without_an_earlier_commit_has_nothing_to_break(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")

    assert baselines(tmp_path) == []


def test_the_first_commit_is_its_own_baseline(tmp_path: Path) -> None:
    name = tmp_path / "schemas" / "published" / "x.v1.schema.json"
    name.parent.mkdir(parents=True)
    name.write_text(json.dumps({"type": "object"}))
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "Begin")

    found = [published_at(commit, tmp_path) for commit in baselines(tmp_path)]

    assert found == [{"x.v1.schema.json": {"type": "object"}}]


def git(folder: Path, *arguments: str) -> None:
    who = ["-c", "user.name=t", "-c", "user.email=t@t.invalid", "-c", "commit.gpgsign=false"]
    subprocess.run(
        ["git", "-C", str(folder), *who, *arguments], check=True, env=plain_environment()
    )


def thing(**field: Any) -> dict[str, Any]:
    return {"type": "object", "properties": {"a": field}, "required": ["a"]}


NULLABLE = {"anyOf": [{"type": "string"}, {"type": "null"}]}


@pytest.mark.parametrize(
    ("old", "new", "kind"),
    [
        (thing(type="string"), {"type": "object"}, "removed field"),
        (thing(type="string"), thing(type="integer"), "narrowed type"),
        (thing(type=["string", "null"]), thing(type="string"), "narrowed type"),
        (thing(), thing(type="string"), "narrowed type"),
        (thing(type="number"), thing(type="integer"), "narrowed type"),
        (thing(**NULLABLE), thing(type="string"), "narrowed type"),
        (thing(**NULLABLE), thing(anyOf=[{"type": "string"}]), "narrowed type"),
        (thing(enum=["x", "y"]), thing(enum=["x"]), "dropped value"),
        (thing(const="x"), thing(enum=["y"]), "dropped value"),
        (thing(type="string"), thing(type="string", enum=["x"]), "narrowed type"),
        (thing(type="string"), thing(type="string", pattern="^x"), "narrowed type"),
        (thing(const="x"), thing(const="y"), "narrowed type"),
        (thing(type="string"), thing(type="string", maxLength=5), "narrowed range"),
        (thing(maxLength=6), thing(maxLength=5), "narrowed range"),
        (thing(minimum=1), thing(minimum=2), "narrowed range"),
        (thing(items={"type": ["string", "null"]}), thing(items={"type": "string"}),
         "narrowed type"),
        (thing(), thing(items={"type": "string"}), "narrowed type"),
        ({"type": "object"}, {"type": "object", "required": ["b"]}, "new required field"),
        ({"type": "object"}, {"type": "object", "additionalProperties": False}, "narrowed type"),
        ({"additionalProperties": {"type": ["string", "null"]}},
         {"additionalProperties": {"type": "string"}}, "narrowed type"),
        ({"anyOf": [{"required": ["a"]}, {"required": ["b"]}]},
         {"anyOf": [{"required": ["a"]}]}, "new required field"),
        ({"$ref": "#/$defs/X", "$defs": {"X": thing(type="string")}},
         {"$ref": "#/$defs/Y", "$defs": {"Y": thing(type="null")}}, "narrowed type"),
    ],
)  # fmt: skip
def test_a_breaking_change_is_found(old: dict[str, Any], new: dict[str, Any], kind: str) -> None:
    found = breaking_changes(old, new)

    assert kind in {change.kind for change in found}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (thing(type="string"), thing(type="string")),
        (thing(type="string"), thing(**NULLABLE)),
        (thing(**NULLABLE), thing(type=["string", "null", "integer"])),
        (thing(type="integer"), thing(type="number")),
        (thing(enum=["x"]), thing(enum=["x", "y"])),
        (thing(const="x"), thing(enum=["x", "y"])),
        (thing(maxLength=5), thing(maxLength=6)),
        (thing(maxLength=5), thing()),
        (thing(), {**thing(), "required": []}),
        (thing(), {**thing(), "properties": {"a": {}, "b": {"type": "string"}}}),
        (thing(), {**thing(), "title": "A thing", "description": "Any thing."}),
        ({"additionalProperties": False}, {"additionalProperties": True}),
        ({"$ref": "#/$defs/X", "$defs": {"X": thing(type="string")}}, thing(type="string")),
        (
            {"$ref": "#", "properties": {"a": {"$ref": "#"}}},
            {"$ref": "#", "properties": {"a": {"$ref": "#"}}},
        ),
    ],
)
def test_a_harmless_change_is_let_through(old: dict[str, Any], new: dict[str, Any]) -> None:
    assert breaking_changes(old, new) == ()


def test_a_breaking_change_names_its_place() -> None:
    old = {"properties": {"data": {"properties": {"stage": {"type": "string"}}}}}
    new: dict[str, Any] = {"properties": {"data": {"properties": {}}}}

    (change,) = breaking_changes(old, new)

    assert (change.path, change.kind) == ("$.data.stage", "removed field")


@pytest.mark.parametrize("name", sorted(json_schemas()))
def test_taking_any_field_from_a_published_contract_is_found(name: str) -> None:
    schema = json_schemas()[name]
    fields = list(schema["properties"])

    for field in fields:
        rest = {key: part for key, part in schema["properties"].items() if key != field}
        changes = breaking_changes(schema, schema | {"properties": rest})

        assert f"$.{field}" in {change.path for change in changes}
