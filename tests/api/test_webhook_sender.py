"""One request to a receiver that somebody else runs: whatever it does, it is judged and ends."""

import asyncio
import base64
import hashlib
import hmac
import ipaddress
import socket
import ssl
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from api.webhook_addresses import Addresses, PrivateAddressError, is_public
from api.webhook_retries import MOST_ATTEMPTS, pause_after
from api.webhook_secrets import SecretUnreadableError, Vault, new_secret
from api.webhook_sender import Answer, Outcome, Sender
from api.webhook_signature import secret_as_text, signed_headers
from tests.api.receiver import Behaviour, answering, breaking_off, hanging, receiver


def send(
    url: str, *, private: bool = True, seconds: float = 5.0, tls: ssl.SSLContext | None = None
) -> Answer:
    async def once() -> Answer:
        addresses = Addresses(is_private_allowed=private)
        async with Sender(addresses, total_seconds=seconds, tls=tls) as sender:
            return await sender.send(url, b"{}", {"webhook-id": "m1"})

    return asyncio.run(once())


@pytest.mark.parametrize(
    ("behave", "expected"),
    [
        (answering(200), Answer(Outcome.DELIVERED, 200)),
        (answering(204), Answer(Outcome.DELIVERED, 204)),
        (answering(500), Answer(Outcome.REFUSED, 500)),
        (answering(404), Answer(Outcome.REFUSED, 404)),
        (answering(503, Retry_After="120"), Answer(Outcome.REFUSED, 503, 120.0)),
        (answering(503, Retry_After="tomorrow"), Answer(Outcome.REFUSED, 503)),
        (answering(410), Answer(Outcome.GONE, 410)),
        (breaking_off, Answer(Outcome.CUT_OFF)),
    ],
)
def test_an_answer_is_judged_by_its_status_and_its_end(behave: Behaviour, expected: Answer) -> None:
    with receiver(behave) as there:
        assert send(there.url) == expected
    assert len(there.received) == 1


def test_a_redirect_is_not_followed() -> None:
    with receiver() as target, receiver(answering(307, Location=target.url)) as there:
        answer = send(there.url)

    assert answer == Answer(Outcome.REDIRECTED, 307)
    assert target.received == []


def test_a_receiver_that_does_not_answer_is_left_after_its_time() -> None:
    with receiver(hanging(3)) as there:
        began = time.monotonic()
        answer = send(there.url, seconds=0.3)

    assert answer == Answer(Outcome.TIMED_OUT)
    assert time.monotonic() - began < 2


def test_an_answer_that_comes_drop_by_drop_is_left_after_its_time() -> None:
    def drip(handler: Any) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "100")
        handler.end_headers()
        for _ in range(100):
            handler.wfile.write(b".")
            handler.wfile.flush()
            time.sleep(0.1)

    with receiver(drip) as there:
        assert send(there.url, seconds=0.5) == Answer(Outcome.TIMED_OUT)


def test_an_answer_without_end_is_not_read_to_its_end() -> None:
    def flood(handler: Any) -> None:
        handler.send_response(200)
        handler.end_headers()
        while True:
            handler.wfile.write(b"." * 65_536)

    with receiver(flood) as there:
        assert send(there.url) == Answer(Outcome.DELIVERED, 200)


def test_a_port_where_nobody_listens_is_unreachable() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port = listener.getsockname()[1]

    assert send(f"http://127.0.0.1:{port}/") == Answer(Outcome.UNREACHABLE)


def test_a_host_that_has_no_address_is_unknown() -> None:
    assert send("https://nobody.invalid/") == Answer(Outcome.UNKNOWN_HOST)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "127.1", "2130706433", "[::1]", "[::ffff:10.0.0.1]"]
)
def test_nothing_is_sent_to_a_private_address_unless_the_deployment_allows_it(host: str) -> None:
    with receiver() as there:
        answer = send(f"https://{host}:{there.port}/", private=False)

    assert answer == Answer(Outcome.PRIVATE_ADDRESS)
    assert there.received == []


def test_a_host_of_which_one_address_is_private_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    places = [(2, 1, 6, "", ("93.184.215.14", 443)), (2, 1, 6, "", ("10.0.0.7", 443))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_named: places)

    with pytest.raises(PrivateAddressError):
        asyncio.run(Addresses(is_private_allowed=False).of("two-faced.example", 443))


def test_the_address_that_was_judged_is_the_one_that_is_connected_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []

    def changing(host: str, port: int, **_named: object) -> list[Any]:
        asked.append(host)
        address = "127.0.0.1" if len(asked) == 1 else "127.0.0.2"
        return [(2, 1, 6, "", (address, port))]

    with receiver() as there:
        monkeypatch.setattr(socket, "getaddrinfo", changing)
        answer = send(f"http://changing.example:{there.port}/hook")

    assert answer.outcome is Outcome.DELIVERED
    assert asked[0] == "changing.example"
    assert "changing.example" not in asked[1:]
    assert there.received[0].headers["host"] == f"changing.example:{there.port}"


@pytest.mark.parametrize(
    ("name", "expected"),
    [("receiver.example", Outcome.DELIVERED), ("another.example", Outcome.UNREACHABLE)],
)
def test_a_certificate_is_checked_for_the_name_and_not_for_the_address(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, expected: Outcome
) -> None:
    there_tls, our_tls = certificate_for("receiver.example", tmp_path)

    with receiver(tls=there_tls) as there:
        place = [(2, 1, 6, "", ("127.0.0.1", there.port))]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_named: place)
        answer = send(f"https://{name}:{there.port}/", tls=our_tls)

    assert answer.outcome is expected
    assert len(there.received) == (expected is Outcome.DELIVERED)


def certificate_for(name: str, folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """What a server shows that has a certificate for this name, and what trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    shown, kept = folder / "certificate.pem", folder / "key.pem"
    shown.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    kept.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(shown, kept)
    return server, ssl.create_default_context(cafile=shown)


@pytest.mark.parametrize(
    "address",
    [
        *("0.0.0.0", "10.1.2.3", "100.64.0.1", "127.0.0.1", "169.254.169.254", "172.16.0.1"),
        *("192.168.0.1", "224.0.0.1", "255.255.255.255", "::", "::1", "fe80::1", "fc00::1"),
        *("fec0::1", "ff02::1", "::ffff:127.0.0.1", "::127.0.0.1", "64:ff9b::10.0.0.1"),
        *("64:ff9b:1::8.8.8.8", "2002:a00:1::", "2001:db8::1"),
    ],
)
def test_addresses_that_are_no_hosts_of_the_internet_are_not_public(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "64:ff9b::808:808"])
def test_addresses_of_the_internet_are_public(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


def test_plain_http_is_for_private_networks_alone() -> None:
    assert send("http://93.184.215.14/", private=False) == Answer(Outcome.NOT_HTTPS)


def test_every_secret_signs_and_each_signature_is_the_published_one() -> None:
    """The example of the Standard Webhooks specification."""
    secret = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    sent_at = datetime.fromtimestamp(1_614_265_330, UTC)

    headers = signed_headers(
        "msg_p5jXN8AQM9LWM0D4loKWxJek", sent_at, b'{"test": 2432232314}', [secret, b"another"]
    )

    first, second = headers["webhook-signature"].split(" ")
    assert first == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    signed = b'msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{"test": 2432232314}'
    expected = hmac.new(b"another", signed, hashlib.sha256).digest()
    assert second == "v1," + base64.b64encode(expected).decode()


def test_a_secret_is_written_as_receivers_expect_it() -> None:
    assert secret_as_text(b"\x00\x01") == "whsec_AAE="


def test_pauses_grow_and_add_up_to_three_days() -> None:
    pauses = [pause_after(attempts, chance=0.5) for attempts in range(1, MOST_ATTEMPTS)]

    seconds = [pause.total_seconds() for pause in pauses if pause is not None]
    assert seconds[:5] == [5, 15, 45, 135, 405]
    assert seconds == sorted(seconds)
    assert 3.0 < sum(seconds) / 86_400 < 3.2
    assert pause_after(MOST_ATTEMPTS, chance=0.5) is None


def test_pauses_are_spread_and_never_shorter_than_the_receiver_asks_for() -> None:
    def seconds(chance: float, asked_for: float | None = None) -> float:
        pause = pause_after(2, chance=chance, asked_for=asked_for)
        assert pause is not None
        return pause.total_seconds()

    assert (seconds(0.0), seconds(1.0)) == pytest.approx((12, 18))
    assert seconds(0.5, asked_for=600) == 600
    assert seconds(0.5, asked_for=9_999_999) == 12 * 3600


def test_a_sealed_secret_is_not_in_what_is_stored_and_opens_with_its_key() -> None:
    secret, hook = new_secret(), uuid4()
    sealed = Vault(["the-first-key-of-the-tests"]).seal(hook, secret)

    rotated = Vault(["another-key-of-the-tests", "the-first-key-of-the-tests"])
    assert sealed.is_sealed
    assert secret not in sealed.secret
    assert rotated.open(sealed) == secret


@pytest.mark.parametrize("keys", [[], ["another-key-of-the-tests"]])
def test_a_secret_that_was_sealed_with_another_key_is_not_opened(keys: list[str]) -> None:
    sealed = Vault(["the-first-key-of-the-tests"]).seal(uuid4(), b"secret")

    with pytest.raises(SecretUnreadableError):
        Vault(keys).open(sealed)
