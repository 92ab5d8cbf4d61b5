"""The deals of an experiment as JSON."""

from datetime import datetime
from typing import Any

import msgspec


class Deals(msgspec.Struct, frozen=True, kw_only=True):
    """How deals of every variant stand, and how the variants compare once all windows passed."""

    experiment: str
    metric: str
    read_at: datetime
    arms: tuple[dict[str, Any], ...]
    pairs: tuple[dict[str, Any], ...]
