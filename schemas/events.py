"""The event as everything past the codec sees it: normalised, typed, newest version."""

from typing import Any

import msgspec


class Event(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One thing that happened, in its newest version.

    `time_us` is when it happened, in microseconds since 1970-01-01 UTC; (`source`, `id`) is unique
    for ever. `amount` is in minor units of `currency` (ISO 4217) and present only where the type
    has one. `data` holds the payload as sent, unknown fields included.
    """

    source: str
    id: str
    type: str
    time_us: int
    account: str | None = None
    contact: str | None = None
    campaign: str | None = None
    content: str | None = None
    channel: str | None = None
    deal: str | None = None
    amount: int | None = None
    currency: str | None = None
    data: dict[str, Any] = {}


class InvalidEvent(Exception):  # noqa: N818 - the word of the contract, it is not a programming error
    """An event that the contract refuses: names the field and the rule that it breaks."""

    def __init__(self, field: str, rule: str, detail: str = "") -> None:
        """Take the dotted `field`, the `rule` as a stable slug, and a sentence of `detail`."""
        self.field = field
        self.rule = rule
        self.detail = detail
        super().__init__(f"{field}: {rule}" + (f" ({detail})" if detail else ""))
