"""Signs what is sent to webhooks, by the Standard Webhooks convention. Pure.

HMAC-SHA256 over `id.timestamp.body`, one signature per secret that is valid at the time.
"""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime

SECRET_PREFIX = "whsec_"  # noqa: S105 - what marks a secret as one


def signed_headers(
    message_id: str, sent_at: datetime, body: bytes, secrets: Sequence[bytes]
) -> dict[str, str]:
    """Return the headers by which a receiver knows who sent this, what, and when."""
    timestamp = str(int(sent_at.timestamp()))
    signed = f"{message_id}.{timestamp}.".encode() + body
    return {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(_signature(signed, secret) for secret in secrets),
    }


def secret_as_text(secret: bytes) -> str:
    """Write a secret as its owner keeps it."""
    return SECRET_PREFIX + base64.b64encode(secret).decode()


def _signature(signed: bytes, secret: bytes) -> str:
    digest = hmac.new(secret, signed, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"
