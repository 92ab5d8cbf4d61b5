"""Speaks with the identity provider: OpenID Connect's code flow with PKCE and a secret.

What comes back counts only once its signature, issuer, audience, time and nonce are right.
"""

import asyncio
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx
import msgspec
from authlib.oauth2.auth import ClientAuth  # type: ignore[import-untyped]
from authlib.oauth2.rfc6749.parameters import (  # type: ignore[import-untyped]
    prepare_grant_uri,
    prepare_token_request,
)
from authlib.oauth2.rfc7636 import create_s256_code_challenge  # type: ignore[import-untyped]
from authlib.oidc.core import CodeIDToken  # type: ignore[import-untyped]
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry

from api.sign_in_settings import LOOPBACK_HOSTS, OpenIdSettings, is_safe

ALGORITHMS = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384"})
"""Signatures with a private key: with a shared secret our own would be the provider's."""
CLOCK_SKEW_SECONDS = 60
METADATA_SECONDS = 3_600.0
NEW_KEYS_SECONDS = 30.0
"""Keys are fetched anew for a name that is not known, but not more often than this."""
ANSWER_SECONDS = 10.0
SCOPE = "openid email"


class ProviderUnreachableError(Exception):
    """The identity provider does not answer, or answers what OpenID Connect does not know."""


class NotSignedInError(Exception):
    """The identity provider, or what it sent, does not vouch for anybody."""


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody whom the provider vouches for."""

    issuer: str
    subject: str
    verified_email: str | None


class _Metadata(msgspec.Struct, frozen=True, kw_only=True):
    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    id_token_signing_alg_values_supported: tuple[str, ...] = ("RS256",)
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)


class _Tokens(msgspec.Struct, frozen=True, kw_only=True):
    id_token: str
    access_token: str | None = None


class OpenIdProvider:
    """One provider; what it says of itself is asked once an hour, its keys when they change."""

    def __init__(self, settings: OpenIdSettings, redirect_uri: str) -> None:
        """Take which provider, and where it sends people back to."""
        self._settings = settings
        self._redirect_uri = redirect_uri
        self._metadata: _Metadata | None = None
        self._metadata_until = 0.0
        self._keys: KeySet | None = None
        self._keys_since = 0.0
        self._asking = asyncio.Lock()

    @property
    def issuer(self) -> str:
        """Whose accounts these are."""
        return self._settings.issuer

    async def authorisation_url(self, *, state: str, nonce: str, verifier: str) -> str:
        """Return where to send somebody to sign in. Raises ProviderUnreachableError."""
        metadata = await self._described()
        url: str = prepare_grant_uri(
            metadata.authorization_endpoint,
            client_id=self._settings.client_id,
            response_type="code",
            redirect_uri=self._redirect_uri,
            scope=SCOPE,
            state=state,
            nonce=nonce,
            code_challenge=create_s256_code_challenge(verifier),
            code_challenge_method="S256",
        )
        return url

    async def account(self, code: str, *, verifier: str, nonce: str) -> Account:
        """Return who signed in. Raises NotSignedInError and ProviderUnreachableError."""
        metadata = await self._described()
        tokens = await self._tokens(metadata, code, verifier)
        claims = await self._claims(metadata, tokens, nonce)
        is_verified = claims.get("email_verified") is True
        email = claims.get("email")
        return Account(
            issuer=metadata.issuer,
            subject=claims["sub"],
            verified_email=email if is_verified and isinstance(email, str) else None,
        )

    async def _described(self) -> _Metadata:
        async with self._asking:
            if self._metadata is None or time.monotonic() > self._metadata_until:
                root = self._settings.issuer.rstrip("/")
                found = await self._get(f"{root}/.well-known/openid-configuration")
                self._metadata = _metadata(found, self._settings.issuer)
                self._metadata_until = time.monotonic() + METADATA_SECONDS
            return self._metadata

    async def _tokens(self, metadata: _Metadata, code: str, verifier: str) -> _Tokens:
        body = prepare_token_request(
            "authorization_code",
            code=code,
            redirect_uri=self._redirect_uri,
            code_verifier=verifier,
        )
        headers = {
            "Accept": "application/json",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        auth = ClientAuth(
            self._settings.client_id, self._settings.client_secret, _auth_method(metadata)
        )
        url, headers, body = auth.prepare("POST", metadata.token_endpoint, headers, body)
        answer = await self._send("POST", url, headers=headers, content=body)
        if answer.is_client_error:
            # Only logged: it tells whoever installs this when client or address are not right.
            raise NotSignedInError(f"the provider does not take the code: {answer.text[:200]!r}")
        tokens: _Tokens = _decoded(answer, _Tokens)
        return tokens

    async def _claims(self, metadata: _Metadata, tokens: _Tokens, nonce: str) -> dict[str, Any]:
        try:
            token = await self._verified(metadata, tokens.id_token)
            claims = CodeIDToken(
                token.claims,
                token.header,
                {
                    "iss": {"essential": True, "value": metadata.issuer},
                    "aud": {"essential": True, "value": self._settings.client_id},
                },
                {
                    "nonce": nonce,
                    "client_id": self._settings.client_id,
                    "access_token": tokens.access_token,
                },
            )
            claims.validate(now=int(time.time()), leeway=CLOCK_SKEW_SECONDS)
        except JoseError as error:
            raise NotSignedInError(f"the ID token is refused: {error}") from error
        return dict(claims)

    async def _verified(self, metadata: _Metadata, id_token: str) -> jwt.Token:
        supported = ALGORITHMS.intersection(metadata.id_token_signing_alg_values_supported)
        registry = JWSRegistry(algorithms=sorted(supported), strict_check_header=False)
        keys = await self._current_keys(metadata)
        try:
            return jwt.decode(id_token, key=keys, registry=registry)
        except InvalidKeyIdError:
            # The provider may have changed its keys since.
            keys = await self._current_keys(metadata, older_than=NEW_KEYS_SECONDS)
            return jwt.decode(id_token, key=keys, registry=registry)

    async def _current_keys(
        self, metadata: _Metadata, *, older_than: float = METADATA_SECONDS
    ) -> KeySet:
        async with self._asking:
            if self._keys is None or time.monotonic() > self._keys_since + older_than:
                self._keys = _key_set(await self._get(metadata.jwks_uri))
                self._keys_since = time.monotonic()
            return self._keys

    async def _get(self, url: str) -> httpx.Response:
        return await self._send("GET", url, headers={"Accept": "application/json"})

    async def _send(self, method: str, url: str, **request: Any) -> httpx.Response:
        # A proxy of the environment does not lead back to this machine.
        is_elsewhere = urlsplit(url).hostname not in LOOPBACK_HOSTS
        try:
            async with httpx.AsyncClient(timeout=ANSWER_SECONDS, trust_env=is_elsewhere) as client:
                answer = await client.request(method, url, **request)
        except httpx.HTTPError as error:
            raise ProviderUnreachableError(f"{url} does not answer") from error
        if not (answer.is_success or (answer.is_client_error and method == "POST")):
            raise ProviderUnreachableError(f"{url} answers {answer.status_code}")
        return answer


def _metadata(answer: httpx.Response, issuer: str) -> _Metadata:
    metadata: _Metadata = _decoded(answer, _Metadata)
    if metadata.issuer != issuer:
        raise ProviderUnreachableError(f"{issuer} calls itself {metadata.issuer}")
    for url in (metadata.authorization_endpoint, metadata.token_endpoint, metadata.jwks_uri):
        if not is_safe(url):
            raise ProviderUnreachableError(f"{issuer} names {url}, which is not https")
    return metadata


def _key_set(answer: httpx.Response) -> KeySet:
    try:
        return KeySet.import_key_set(_decoded(answer, dict))
    except (JoseError, KeyError, TypeError, ValueError) as error:
        raise ProviderUnreachableError(f"{answer.url} holds no keys") from error


def _decoded(answer: httpx.Response, kind: type[Any]) -> Any:
    try:
        return msgspec.json.decode(answer.content, type=kind)
    except msgspec.MsgspecError as error:
        raise ProviderUnreachableError(f"{answer.url} answers in another form") from error


def _auth_method(metadata: _Metadata) -> str:
    supported = metadata.token_endpoint_auth_methods_supported
    return "client_secret_basic" if "client_secret_basic" in supported else "client_secret_post"
