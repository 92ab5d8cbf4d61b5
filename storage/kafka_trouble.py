"""Why no client gets through to Kafka: asked after a failure, as clients only log the reason."""

import asyncio
import ssl
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

from aiokafka.conn import AIOKafkaConnection
from aiokafka.errors import (
    AuthenticationFailedError,
    IllegalSaslStateError,
    KafkaError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
)
from aiokafka.protocol.metadata import MetadataRequest

from storage.kafka_access import CA_FILE, SECURITY, KafkaAccess, KafkaAccessError

ANSWER_SECONDS = 5.0
CLOSE_SECONDS = 1.0


class KafkaTroubleError(Exception):
    """No broker can be used; the message says of each address why."""


def servers_of(bootstrap: str) -> list[str]:
    """Return the addresses of a list with commas."""
    return [server.strip() for server in bootstrap.split(",") if server.strip()]


async def why_unreachable(bootstrap: str, access: KafkaAccess) -> str:
    """Try each address once more and say, in a sentence, what stands in the way."""
    found = await _troubles(bootstrap, access)
    return " ".join(f"Kafka at {server}: {found[server] or 'it answers now'}." for server in found)


def check_reachable(bootstrap: str, access: KafkaAccess) -> None:
    """Raise KafkaTroubleError where no address can be used. Blocks, with or without a loop."""
    with ThreadPoolExecutor(1) as thread:
        found = thread.submit(asyncio.run, _troubles(bootstrap, access)).result()
    if all(found.values()):
        raise KafkaTroubleError(
            " ".join(f"Kafka at {server}: {reason}." for server, reason in found.items())
        )


async def _troubles(bootstrap: str, access: KafkaAccess) -> Mapping[str, str | None]:
    servers = servers_of(bootstrap)
    reasons = await asyncio.gather(*(_trouble_with(server, access) for server in servers))
    return dict(zip(servers, reasons, strict=True))


async def _trouble_with(server: str, access: KafkaAccess) -> str | None:
    host, _, port = server.rpartition(":")
    if not host or not port.isdecimal():
        return "the address is not host:port"
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            await _ask(host.strip("[]"), int(port), access)
    except (KafkaAccessError, OSError, TimeoutError, KafkaError) as error:
        return _reason(error, access)
    return None


def _reason(error: Exception, access: KafkaAccess) -> str:
    match error:
        case KafkaAccessError():
            reason = str(error).rstrip(".")
        case ssl.SSLError():
            reason = _trouble_of_tls(error)
        case OSError() if not isinstance(error, ConnectionResetError):
            reason = f"no connection ({error.strerror or type(error).__name__})"
        case SaslAuthenticationFailed() | AuthenticationFailedError():
            reason = f"user {access.user!r} or the password was refused"
        case UnsupportedSaslMechanismError() | IllegalSaslStateError():
            reason = f"it does not take {access.mechanism} as a way to sign in"
        case _:
            reason = (
                f"it hangs up on {access.security}: it may speak otherwise ({SECURITY.name}), or "
                "ask for a certificate or a sign-in"
            )
    return reason


async def _ask(host: str, port: int, access: KafkaAccess) -> None:
    """Sign in and ask for something: a broker that wants a sign-in hangs up only then."""
    connection = AIOKafkaConnection(
        host, port, request_timeout_ms=int(ANSWER_SECONDS * 1000), **access.client_options()
    )
    was_open = True
    try:
        await connection.connect()
        await connection.send(MetadataRequest([]))
    except OSError:
        was_open = False
        raise
    finally:
        closed = connection.close()
        if was_open:
            # The loop may end right after this; the socket would be left to the collector.
            await asyncio.wait([closed], timeout=CLOSE_SECONDS)


def _trouble_of_tls(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        found = error.verify_message.rstrip(".")
        return (
            f"its certificate is not trusted ({found}); its authority has to be in the file of "
            f"{CA_FILE.name}, and its name has to be the one we connect to"
        )
    return f"the TLS handshake failed ({error.reason or 'the broker hung up'})"
