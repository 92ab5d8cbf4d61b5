"""A small OpenID Connect provider on this machine that signs real tokens, wrong ones as well."""

import base64
import hashlib
import hmac
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import uvicorn
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from cli.ports import choose_port
from tests.api.serving import wait_for

CLIENT_ID = "roundtable"
CLIENT_SECRET = "the-secret-of-the-client"


@dataclass
class Grant:
    """A code that was given out, and what it is for."""

    nonce: str
    challenge: str
    redirect_uri: str
    claims: dict[str, Any]


@dataclass
class Provider:
    """Keeps to the protocol; what a test changes is what it does wrong."""

    issuer: str
    key: Any = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "first"}))
    algorithm: str = "RS256"
    published: list[Any] = field(default_factory=list)
    claims: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    grants: dict[str, Grant] = field(default_factory=dict)
    key_requests: int = 0
    is_forged: bool = False

    def __post_init__(self) -> None:
        """Publish the key that signs."""
        self.published = [self.key]

    def sign_in(self, url: str, subject: str, **claims: Any) -> dict[str, str]:
        """Do what a person does on the provider's page; return the query that leads back."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        assert url.startswith(f"{self.issuer}/authorize?")
        assert (asked["client_id"], asked["response_type"]) == (CLIENT_ID, "code")
        assert asked["code_challenge_method"] == "S256"
        assert "openid" in asked["scope"].split()
        code = secrets.token_urlsafe()
        self.grants[code] = Grant(
            asked["nonce"],
            asked["code_challenge"],
            asked["redirect_uri"],
            {"sub": subject} | claims,
        )
        return {"code": code, "state": asked["state"]}

    def described(self, _request: Request) -> Response:
        """Serve the discovery document."""
        return JSONResponse(
            {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/keys",
                "id_token_signing_alg_values_supported": ["RS256", "ES256", "HS256", "none"],
                **self.metadata,
            }
        )

    def keys(self, _request: Request) -> Response:
        """Serve the public keys."""
        self.key_requests += 1
        return JSONResponse(KeySet(self.published).as_dict(private=False))

    async def token(self, request: Request) -> Response:
        """Exchange a code, once, for whoever began with its challenge."""
        basic = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
        if request.headers.get("authorization") != f"Basic {basic}":
            return JSONResponse({"error": "invalid_client"}, 401)
        body = (await request.body()).decode()
        sent = {name: values[0] for name, values in parse_qs(body).items()}
        grant = self.grants.pop(sent.get("code", ""), None)
        if grant is None or not _fits(grant, sent):
            return JSONResponse({"error": "invalid_grant"}, 400)
        id_token = self.signed(grant)
        return JSONResponse({"id_token": id_token, "access_token": "x", "token_type": "Bearer"})

    def signed(self, grant: Grant) -> str:
        """Make the ID token, with what the test changes."""
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": CLIENT_ID,
            "nonce": grant.nonce,
            "iat": now,
            "exp": now + 300,
            **grant.claims,
            **self.claims,
        }
        claims = {name: value for name, value in claims.items() if value is not None}
        if self.is_forged:
            return _signed_with_public_key(self.published[0], claims)
        header = {"alg": self.algorithm, "kid": self.key.kid}
        return jwt.encode(header, claims, self.key, algorithms=[self.algorithm])

    def replace_key(self) -> None:
        """Sign with a new key from now on, and publish it."""
        self.key = ECKey.generate_key("P-256", {"kid": secrets.token_hex(4)})
        self.algorithm = "ES256"
        self.published = [self.key]


def _signed_with_public_key(key: Any, claims: dict[str, Any]) -> str:
    """Do what a forger tries, by hand, for no library does it: everybody knows the public key."""
    header = {"alg": "HS256", "typ": "JWT", "kid": key.kid}
    parts = b".".join(_base64(json.dumps(part).encode()) for part in (header, claims))
    signature = hmac.digest(key.as_pem(private=False), parts, hashlib.sha256)
    return (parts + b"." + _base64(signature)).decode()


def _base64(raw: bytes) -> bytes:
    return base64.urlsafe_b64encode(raw).rstrip(b"=")


def _fits(grant: Grant, sent: dict[str, str]) -> bool:
    digest = hashlib.sha256(sent.get("code_verifier", "").encode()).digest()
    challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
    return (
        sent["grant_type"] == "authorization_code"
        and sent.get("redirect_uri") == grant.redirect_uri
        and challenge == grant.challenge
    )


@contextmanager
def serving_provider() -> Iterator[Provider]:
    """Serve a provider from a thread."""
    port = choose_port(0)
    provider = Provider(f"http://127.0.0.1:{port}")
    app = Starlette(
        routes=[
            Route("/.well-known/openid-configuration", provider.described),
            Route("/keys", provider.keys),
            Route("/token", provider.token, methods=["POST"]),
        ]
    )
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="warning", lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    wait_for(lambda: server.started)
    try:
        yield provider
    finally:
        server.should_exit = True
        thread.join(30)


def query_of(url: str, name: str) -> str:
    """One value of the query of a URL."""
    return parse_qs(urlsplit(url).query)[name][0]


def with_query(path: str, query: dict[str, str]) -> str:
    """A path with a query."""
    return f"{path}?{urlencode(query)}"
