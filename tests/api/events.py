"""Events as a source would send them."""

import json
from typing import Any


def page_view(event_id: str, **changes: Any) -> dict[str, Any]:
    """A valid event; `changes` replace attributes, None takes one away."""
    event = {
        "specversion": "1.0",
        "id": event_id,
        "source": "web.example",
        "type": "engagement.page.viewed",
        "time": "2025-03-01T09:30:00+01:00",
        "account": "acme.example",
        "data": {"url": "https://acme.example/guide"},
        **changes,
    }
    return {name: value for name, value in event.items() if value is not None}


def page_views(count: int, *, account: str = "acme.example", prefix: str = "e") -> list[Any]:
    """Valid events of one account, in their order."""
    return [page_view(f"{prefix}{number}", account=account) for number in range(count)]


def ids_of(values: list[bytes]) -> list[str]:
    """The ids of events as the log holds them."""
    return [json.loads(value)["id"] for value in values]
