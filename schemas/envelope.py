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


Account = Annotated[Name, msgspec.Meta(description="CRM id or web domain of the company")]
Contact = Annotated[
    Name,
    msgspec.Meta(description="pseudonymous id; an e-mail address becomes a keyed hash at the gate"),
]
Campaign = Annotated[Name, msgspec.Meta(description="the campaign that the touch belongs to")]
Content = Annotated[Name, msgspec.Meta(description="the piece of content that was used")]
Channel = Annotated[Name, msgspec.Meta(description="the channel, such as email or webinar")]
Deal = Annotated[Name, msgspec.Meta(description="id of the deal")]
Time = Annotated[datetime, msgspec.Meta(tz=True, description="when it happened, with its offset")]
DataSchema = Annotated[
    str,
    msgspec.Meta(min_length=1, max_length=MAX_URI, description="ends in the type and .v<version>"),
]


class Envelope(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An event as it travels. Attributes that are not named here are not kept."""

    specversion: Literal["1.0"]
    id: Annotated[Name, msgspec.Meta(description="unique for ever within its source")]
    source: Annotated[Name, msgspec.Meta(description="the system that tells of the event")]
    type: Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_TYPE)]
    time: Time
    dataschema: DataSchema | None = None
    datacontenttype: Name | None = None
    account: Account | None = None
    contact: Contact | None = None
    campaign: Campaign | None = None
    content: Content | None = None
    channel: Channel | None = None
    deal: Deal | None = None
    data: dict[str, Any] | None = None
    data_base64: None = None


TEXT_ATTRIBUTES = (
    *("id", "source", "type", "dataschema", "datacontenttype"),
    *("account", "contact", "campaign", "content", "channel", "deal"),
)
"""Attributes that hold text, in the order in which they are judged."""
REQUIRED_ATTRIBUTES = ("specversion", "id", "source", "type", "time")
