import argparse
import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from cli import publish
from schemas.asyncapi import CONTRACTS, asyncapi_document
from schemas.catalog import TOPICS
from schemas.json_schemas import json_schemas
from schemas.publish import published_files

FILES = published_files()


def test_the_published_files_are_those_that_the_types_give() -> None:
    assert publish.differing_files(publish.FOLDER, FILES) == set()


@pytest.mark.parametrize("change", ["edited", "missing", "orphan"])
def test_a_published_file_that_drifted_is_found(tmp_path: Path, change: str) -> None:
    run(tmp_path)
    drifted = tmp_path / "deal.won.v1.schema.json"
    if change == "edited":
        drifted.write_text(drifted.read_text().replace("deal.won", "deal.gone"))
    elif change == "missing":
        drifted.unlink()
    else:
        drifted = tmp_path / "deal.burnt.v1.schema.json"
        drifted.write_text("{}")

    assert publish.differing_files(tmp_path, FILES) == {drifted.name}
    assert run(tmp_path, "--check") == 1


def test_publishing_brings_a_folder_up_to_date(tmp_path: Path) -> None:
    (tmp_path / "deal.burnt.v1.schema.json").write_text("{}")

    assert run(tmp_path) == 0

    assert {path.name for path in tmp_path.iterdir()} == FILES.keys()
    assert run(tmp_path, "--check") == 0


def run(folder: Path, *options: str) -> int:
    parser = argparse.ArgumentParser()
    publish.add_arguments(parser)
    return publish.run(parser.parse_args(["--folder", str(folder), *options]))


@pytest.mark.parametrize("name", sorted(json_schemas()))
def test_a_published_schema_is_a_valid_schema(name: str) -> None:
    Draft202012Validator.check_schema(json_schemas()[name])


@pytest.mark.parametrize("name", sorted(json_schemas()))
def test_every_reference_of_a_published_schema_leads_somewhere(name: str) -> None:
    schema = json_schemas()[name]

    dead = [
        reference
        for reference in references(schema)
        if not reference.startswith("#/$defs/")
        or reference.removeprefix("#/$defs/") not in schema["$defs"]
    ]

    assert dead == []


def test_the_asyncapi_document_refers_to_what_is_there() -> None:
    document = asyncapi_document("1.0.0")

    for reference in references(document):
        if reference.startswith("./"):
            assert reference.removeprefix("./") in FILES
        else:
            assert found(document, reference) is not None


def test_the_asyncapi_document_has_every_topic_with_its_settings() -> None:
    channels = asyncapi_document("1.0.0")["channels"].values()

    settings = {
        channel["address"]: channel["bindings"]["kafka"]["partitions"] for channel in channels
    }

    assert settings == {topic.name: topic.partitions for topic in TOPICS}


def test_every_contract_of_the_catalogue_has_its_messages_named() -> None:
    assert {topic.contract for topic in TOPICS} == set(CONTRACTS)


def test_every_topic_of_dead_letters_is_a_topic() -> None:
    named = {topic.dead_letters for topic in TOPICS} - {None}

    assert named == {"events.dead-letter"}
    assert named <= {topic.name for topic in TOPICS}


def references(part: Any) -> list[str]:
    if isinstance(part, dict):
        own = [part["$ref"]] if isinstance(part.get("$ref"), str) else []
        return own + [each for value in part.values() for each in references(value)]
    if isinstance(part, list):
        return [each for value in part for each in references(value)]
    return []


def found(document: Any, reference: str) -> Any:
    for part in reference.removeprefix("#/").split("/"):
        document = document[part]
    return document


def test_a_schema_reads_the_same_after_a_round_trip() -> None:
    assert json.loads(FILES["metric.v1.schema.json"]) == json_schemas()["metric.v1"]
