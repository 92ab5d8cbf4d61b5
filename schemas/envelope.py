"""The envelope: CloudEvents 1.0 in structured mode with the extension attributes of ours."""

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec

MAX_EVENT_BYTES = 64 * 1024
MAX_NAME = 256
"""Characters of an id, source, account, ...: two of them fit into one key of an index."""
MAX_TYPE = 128
MAX_URI = 1024

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_NAME)]


class Envelope(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An event as it travels. Attributes that are not named here are not kept."""

    specversion: Literal["1.0"]
    id: Name
    source: Name
    type: Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_TYPE)]
    time: Annotated[datetime, msgspec.Meta(tz=True)]
    dataschema: Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_URI)] | None = None
    datacontenttype: Name | None = None
    account: Name | None = None
    contact: Name | None = None
    campaign: Name | None = None
    content: Name | None = None
    channel: Name | None = None
    deal: Name | None = None
    data: dict[str, Any] | None = None
    data_base64: None = None


TEXT_ATTRIBUTES = (
    *("id", "source", "type", "dataschema", "datacontenttype"),
    *("account", "contact", "campaign", "content", "channel", "deal"),
)
"""Attributes that hold text, in the order in which they are judged."""
REQUIRED_ATTRIBUTES = ("specversion", "id", "source", "type", "time")
