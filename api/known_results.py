"""Results as they could be read, or as people were shown them, on an earlier day, as JSON."""

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
    """The results from what was known then, and what has arrived at its accounts since.

    People get the results that they were shown then, and not what has arrived: single events would
    tell about single accounts.
    """

    known_on: datetime
    results: Mapping[str, Any]
    arrived_since: tuple[ArrivedEvents, ...] | msgspec.UnsetType = msgspec.UNSET
