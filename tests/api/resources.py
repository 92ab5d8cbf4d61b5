"""Metrics and experiments as people would register them."""

from typing import Any


def metric(key: str = "guide-downloads", **changes: Any) -> dict[str, Any]:
    """A metric that can be registered; `changes` replace fields."""
    return {
        "key": key,
        "name": "Guide downloads",
        "meaning": "An account downloaded the guide.",
        "owner": "marketing",
        "kind": "conversion",
        "measure": {"filter": {"types": ["engagement.content.downloaded"]}},
        "window": "P14D",
        **changes,
    }


def experiment(key: str = "spring-mail", **changes: Any) -> dict[str, Any]:
    """An experiment that can be registered; `changes` replace fields."""
    return {
        "key": key,
        "name": "Spring mail",
        "hypothesis": "A mail with a question is answered by more downloads.",
        "owner": "marketing",
        "variants": [{"key": "plain", "control": True}, {"key": "question"}],
        "metrics": [{"metric": "guide-downloads"}],
        "starts_at": "2026-03-01T00:00:00Z",
        "planned_units": 200,
        **changes,
    }
