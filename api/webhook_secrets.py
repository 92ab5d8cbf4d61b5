"""Makes the secrets of webhooks and keeps them so that they can sign: sealed where there is a key.

A secret has to be read again to sign, so it cannot be hashed. Without a key it lies plain in the
database, and whoever reads the table can sign as this deployment.
"""

import base64
import hashlib
import secrets
from collections.abc import Sequence
from uuid import UUID

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from storage.webhooks import StoredSecret

SECRET_BYTES = 32


class SecretUnreadableError(Exception):
    """A secret was sealed with a key that the API was not given."""


class Vault:
    """Seals with the first key and opens with any of them; without keys it leaves all plain."""

    def __init__(self, keys: Sequence[str]) -> None:
        """Take the keys as they were set, the one to seal with first."""
        found = [Fernet(_fernet_key(key)) for key in keys]
        self._fernet = MultiFernet(found) if found else None

    def seal(self, webhook_id: UUID, secret: bytes) -> StoredSecret:
        """Return the secret as it may be stored."""
        if self._fernet is None:
            return StoredSecret(webhook_id, secret, is_sealed=False)
        return StoredSecret(webhook_id, self._fernet.encrypt(secret), is_sealed=True)

    def open(self, stored: StoredSecret) -> bytes:
        """Return the secret itself. Raises SecretUnreadableError."""
        if not stored.is_sealed:
            return stored.secret
        if self._fernet is None:
            raise SecretUnreadableError
        try:
            return self._fernet.decrypt(stored.secret)
        except InvalidToken:
            raise SecretUnreadableError from None


def new_secret() -> bytes:
    """Draw a secret."""
    return secrets.token_bytes(SECRET_BYTES)


def _fernet_key(text: str) -> bytes:
    # The key is long and random by rule of the settings: it needs no slow derivation.
    digest = hashlib.sha256(b"roundtable webhook secrets\0" + text.encode()).digest()
    return base64.urlsafe_b64encode(digest)
