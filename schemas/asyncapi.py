"""The AsyncAPI 3.0 document of the log: topics, who writes and reads them, and their messages."""

from collections.abc import Iterable
from typing import Any

from schemas.catalog import TOPICS, Topic
from schemas.event_types import EVENT_TYPES
from schemas.insights import INSIGHT_TYPES

SCHEMA_FORMAT = "application/schema+json;version=draft-2020-12"

CONTRACTS: dict[str, tuple[str, ...]] = {
    "event": tuple(row.contract for row in EVENT_TYPES.values()),
    "dead-letter": ("dead-letter.v1",),
    "definition": ("definition.v1",),
    "insight": tuple(row.contract for row in INSIGHT_TYPES.values()),
}
"""The messages of each contract that the catalogue names."""
_CLOUD_EVENTS = (*CONTRACTS["event"], *CONTRACTS["insight"])


def asyncapi_document(version: str) -> dict[str, Any]:
    """The whole document; messages refer to the schemas published beside it."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Roundtable",
            "version": version,
            "description": "Engagement and CRM events of many sources, attributed to experiments.",
        },
        "defaultContentType": "application/json",
        "channels": {_word(topic.name): _channel(topic) for topic in TOPICS},
        "operations": dict(_operations(TOPICS)),
        "components": {
            "messages": {
                name: _message(name) for names in CONTRACTS.values() for name in sorted(names)
            }
        },
    }


def _channel(topic: Topic) -> dict[str, Any]:
    return {
        "address": topic.name,
        "description": f"Key: {topic.key}."
        + (f" Refused records go to {topic.dead_letters}." if topic.dead_letters else ""),
        "messages": {
            name: {"$ref": f"#/components/messages/{name}"} for name in CONTRACTS[topic.contract]
        },
        "bindings": {
            "kafka": {
                "topic": topic.name,
                "partitions": topic.partitions,
                "topicConfiguration": _configuration(topic),
            }
        },
    }


def _configuration(topic: Topic) -> dict[str, Any]:
    cleanup = {"cleanup.policy": ["compact" if topic.compacted else "delete"]}
    return cleanup | ({} if topic.retention_ms is None else {"retention.ms": topic.retention_ms})


def _operations(topics: Iterable[Topic]) -> Iterable[tuple[str, dict[str, Any]]]:
    for topic in topics:
        channel = {"$ref": f"#/channels/{_word(topic.name)}"}
        for action, people in (("send", topic.producers), ("receive", topic.consumers)):
            yield (
                f"{action}.{_word(topic.name)}",
                {"action": action, "channel": channel, "summary": "; ".join(people)},
            )


def _message(contract: str) -> dict[str, Any]:
    return {
        "name": contract,
        "contentType": "application/cloudevents+json"
        if contract in _CLOUD_EVENTS
        else "application/json",
        "payload": {
            "schemaFormat": SCHEMA_FORMAT,
            "schema": {"$ref": f"./{contract}.schema.json"},
        },
    }


def _word(name: str) -> str:
    return name.replace(".", "-")
