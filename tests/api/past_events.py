"""Puts events into the stored log as if they had come in, without a broker."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg

NOW = datetime.now(UTC)


def past_event(
    home: str, event_type: str, *, days_ago: float = 1, data: Any = None, **fields: Any
) -> dict[str, Any]:
    """An event of an account (or of `contact:<id>`) so many days ago."""
    time_us = int((NOW - timedelta(days=days_ago)).timestamp() * 1_000_000)
    is_alone = home.startswith("contact:")
    return {
        "type": event_type,
        "home": home,
        "account": None if is_alone else home,
        "contact": home.removeprefix("contact:") if is_alone else None,
        "campaign": None,
        "content": None,
        "deal": None,
        "amount": None,
        "currency": None,
        **fields,
        "time_us": time_us,
        "data": json.dumps(data or {}),
    }


def store(database: str, events: Iterable[dict[str, Any]]) -> None:
    """Store events; each gets an id of its own."""
    with psycopg.connect(database) as connection, connection.cursor() as cursor:
        events = list(events)
        cursor.executemany("SELECT open_event_leaf(%(type)s, %(time_us)s)", events)
        cursor.executemany(
            "INSERT INTO events (source, id, type, time_us, home, account, contact, campaign, "
            "content, deal, amount, currency, data, received_us) VALUES ('past', "
            "gen_random_uuid()::text, %(type)s, %(time_us)s, %(home)s, %(account)s, %(contact)s, "
            "%(campaign)s, %(content)s, %(deal)s, %(amount)s, %(currency)s, %(data)s, %(time_us)s)",
            events,
        )
