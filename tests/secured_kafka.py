"""A real broker that asks for TLS, a certificate or a password, and the certificates around it."""

import datetime
import ipaddress
import json
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from cli.java import find_java
from cli.kafka_config import BrokerPorts, server_properties
from cli.kafka_install import installed_jars
from cli.ports import LOOPBACK, answers, choose_port
from cli.processes import Command, launch, run_to_end, stop, wait_until
from cli.settings import Settings
from storage.kafka_access import KafkaAccess

USER, PASSWORD = "roundtable", "pass-the-salt-7"
START_SECONDS = 90
KINDS = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")


@dataclass(frozen=True)
class Authority:
    """Signs certificates; `file` is what clients trust."""

    name: str
    directory: Path
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @classmethod
    def made(cls, name: str, directory: Path) -> "Authority":
        key = ec.generate_private_key(ec.SECP256R1())
        subject = _name(name)
        basic = x509.BasicConstraints(ca=True, path_length=0)
        certificate = (_builder(subject, subject, key).add_extension(basic, critical=True)).sign(
            key, hashes.SHA256()
        )
        authority = cls(name, directory, key, certificate)
        authority.file.write_bytes(_pem(certificate))
        return authority

    @property
    def file(self) -> Path:
        return self.directory / f"{self.name}.pem"

    def issue(self, name: str) -> Path:
        """Write key and certificate of somebody at the loopback address into one file."""
        key = ec.generate_private_key(ec.SECP256R1())
        here = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(LOOPBACK))])
        certificate = (
            _builder(_name(name), self.certificate.subject, key)
            .add_extension(here, critical=False)
            .sign(self.key, hashes.SHA256())
        )
        private = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        path = self.directory / f"{name}.pem"
        path.write_bytes(private + _pem(certificate) + _pem(self.certificate))
        return path


@dataclass(frozen=True)
class SecuredKafka:
    """One broker with a listener per kind of access, and who is trusted on both sides."""

    plaintext: str
    ssl: str
    sasl_plaintext: str
    sasl_ssl: str
    ca: Path
    other_ca: Path
    certificate: Path

    def access(self, security: str, **changes: object) -> KafkaAccess:
        """The access that is let in."""
        tls = {"ca_file": self.ca, "certificate_file": self.certificate}
        sasl = {"mechanism": "PLAIN", "user": USER, "password": PASSWORD}
        good = {
            **(tls if security.endswith("SSL") else {}),
            **(sasl if security.startswith("SASL") else {}),
        }
        return KafkaAccess(security=security, **{**good, **changes})  # type: ignore[arg-type]

    def address(self, security: str) -> str:
        """Where that kind of access is offered."""
        return str(getattr(self, security.lower()))


@contextmanager
def running_secured_kafka(directory: Path, settings: Settings) -> Iterator[SecuredKafka]:
    """Run the broker for the length of a block; SSL alone asks for a client's certificate."""
    authority = Authority.made("authority", directory)
    broker = SecuredKafka(
        *(f"{LOOPBACK}:{choose_port(0)}" for _ in range(4)),
        ca=authority.file,
        other_ca=Authority.made("other-authority", directory).file,
        certificate=authority.issue("client"),
    )
    configuration = directory / "server.properties"
    configuration.write_text(_properties(broker, directory, authority.issue("broker")))
    java = [str(find_java(os.environ, chosen=settings.java).program), "-cp"]
    java.append(os.pathsep.join(str(jar) for jar in installed_jars(settings)))
    log = directory / "kafka.log"
    form = ["kafka.tools.StorageTool", "format", f"--cluster-id={uuid.uuid4()}"]
    formatted = Command("format", [*java, *form, f"--config={configuration}"], log, directory)
    assert run_to_end(formatted) == 0, log.read_text()
    command = Command("kafka", [*java, "kafka.Kafka", str(configuration)], log, directory)
    process = launch(command)
    try:
        ports = [int(broker.address(kind).rpartition(":")[2]) for kind in KINDS]
        wait_until(lambda: all(map(answers, ports)), process, command, seconds=START_SECONDS)
        yield broker
    finally:
        stop(process, patience=30)


def _properties(broker: SecuredKafka, directory: Path, certificate: Path) -> str:
    ports = BrokerPorts(int(broker.plaintext.rpartition(":")[2]), choose_port(0))
    clients = ",".join(f"{kind}://{broker.address(kind)}" for kind in KINDS)
    login = (
        "org.apache.kafka.common.security.plain.PlainLoginModule required "
        f"user_{USER}={json.dumps(PASSWORD)};"
    )
    properties = {
        "listeners": f"{clients},CONTROLLER://{LOOPBACK}:{ports.controller}",
        "advertised.listeners": clients,
        "listener.security.protocol.map": ",".join(f"{k}:{k}" for k in KINDS)
        + ",CONTROLLER:PLAINTEXT",
        "sasl.enabled.mechanisms": "PLAIN",
        "listener.name.sasl_plaintext.plain.sasl.jaas.config": login,
        "listener.name.sasl_ssl.plain.sasl.jaas.config": login,
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(certificate),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(broker.ca),
        "listener.name.ssl.ssl.client.auth": "required",
    }
    # Of a name that comes twice, the last one counts.
    ours = "".join(f"{name}={value}\n" for name, value in properties.items())
    return server_properties(ports, directory / "data") + ours


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=2))
    )


def _name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
