"""Random secrets that are shown once: tokens, sessions, invitations. Stored is only their hash."""

import hashlib
import hmac
import secrets

_BYTES = 32
"""256 bits: nothing to guess, so a fast hash of them keeps them as safe as a slow one."""


def new_secret(prefix: str = "") -> str:
    """Make a secret; the prefix says what it is for, also to whoever scans for leaked ones."""
    return prefix + secrets.token_urlsafe(_BYTES)


def new_id(prefix: str) -> str:
    """Make an id: no secret, but nothing can be read from it either."""
    return prefix + secrets.token_hex(8)


def hash_of(secret: str) -> bytes:
    """What is stored of a secret, and what it is found by."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


def keyed_hash(key: bytes, purpose: str, text: str) -> bytes:
    """What is stored of a text that could be guessed; equal texts for two purposes differ."""
    return hmac.digest(key, f"{purpose}:{text}".encode(), hashlib.sha256)
