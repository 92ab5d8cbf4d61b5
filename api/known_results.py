"""Results as they could be read on an earlier day, as JSON."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import msgspec


class ArrivedEvents(msgspec.Struct, frozen=True, kw_only=True):
    """Events of one type that arrived on one day since; `late` ones had happened before."""

    day: date
    type: str
    events: int
    late: int


class KnownResults(msgspec.Struct, frozen=True, kw_only=True):
    """The results from what was known then, and what has arrived at its accounts since."""

    known_on: datetime
    results: Mapping[str, Any]
    arrived_since: tuple[ArrivedEvents, ...]
