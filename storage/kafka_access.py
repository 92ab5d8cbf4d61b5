"""How the brokers want to be spoken to: encrypted or not, signed in or not. Read once at the edge.

Every client of ours, whichever library it comes from, is opened with `client_options`.
"""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SECURITIES = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")


class KafkaAccessError(ValueError):
    """A setting of the access to Kafka is missing, contradicts another or cannot be used."""


@dataclass(frozen=True, slots=True)
class AccessVariable:
    """One environment variable: its name, the default as it would be written, what it is for."""

    name: str
    default: str
    purpose: str


SECURITY = AccessVariable(
    "ROUNDTABLE_KAFKA_SECURITY", "PLAINTEXT", f"what the brokers speak: {', '.join(SECURITIES)}"
)
MECHANISM = AccessVariable(
    "ROUNDTABLE_KAFKA_SASL_MECHANISM", "", f"how we sign in: {', '.join(MECHANISMS)}"
)
USER = AccessVariable("ROUNDTABLE_KAFKA_USER", "", "user that we sign in as")
PASSWORD = AccessVariable("ROUNDTABLE_KAFKA_PASSWORD", "", "password of that user")
CA_FILE = AccessVariable(
    "ROUNDTABLE_KAFKA_CA_FILE",
    "",
    "PEM file with the authorities that brokers' certificates are checked against; without it "
    "those of the system",
)
CERTIFICATE_FILE = AccessVariable(
    "ROUNDTABLE_KAFKA_CERTIFICATE_FILE", "", "PEM file with our own certificate, if brokers ask"
)
KEY_FILE = AccessVariable(
    "ROUNDTABLE_KAFKA_KEY_FILE",
    "",
    "PEM file with the key of our certificate, if it is not in the same file",
)
KEY_PASSWORD = AccessVariable("ROUNDTABLE_KAFKA_KEY_PASSWORD", "", "password of that key")
VARIABLES = (
    *(SECURITY, MECHANISM, USER, PASSWORD),
    *(CA_FILE, CERTIFICATE_FILE, KEY_FILE, KEY_PASSWORD),
)
_OF_SASL = (MECHANISM, USER, PASSWORD)
_OF_TLS = (CA_FILE, CERTIFICATE_FILE, KEY_FILE, KEY_PASSWORD)


@dataclass(frozen=True, slots=True, kw_only=True)
class KafkaAccess:
    """The chosen access; without any setting plain text and no sign-in. Secrets are not shown."""

    security: str = "PLAINTEXT"
    mechanism: str | None = None
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    ca_file: Path | None = None
    certificate_file: Path | None = None
    key_file: Path | None = None
    key_password: str | None = field(default=None, repr=False)

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "KafkaAccess":
        """Read the variables listed in VARIABLES; an empty one counts as not set.

        Raises KafkaAccessError. No file is opened here.
        """
        given = {v: environ[v.name] for v in VARIABLES if environ.get(v.name)}
        security = given.pop(SECURITY, SECURITY.default).upper()
        if security not in SECURITIES:
            raise _wrong(SECURITY, f"must be one of {', '.join(SECURITIES)}")
        _check_given(given, security)
        return cls(
            security=security,
            mechanism=given[MECHANISM].upper() if MECHANISM in given else None,
            user=given.get(USER),
            password=given.get(PASSWORD),
            ca_file=_path(given, CA_FILE),
            certificate_file=_path(given, CERTIFICATE_FILE),
            key_file=_path(given, KEY_FILE),
            key_password=given.get(KEY_PASSWORD),
        )

    @property
    def is_encrypted(self) -> bool:
        """Whether connections are made by TLS."""
        return self.security.endswith("SSL")

    @property
    def signs_in(self) -> bool:
        """Whether user and password are shown."""
        return self.security.startswith("SASL")

    def environ(self) -> Mapping[str, str]:
        """Return the variables that `from_env` reads this very access from."""
        values = (
            *(self.security, self.mechanism, self.user, self.password),
            *(self.ca_file, self.certificate_file, self.key_file, self.key_password),
        )
        named = zip(VARIABLES, values, strict=True)
        return {v.name: "" if value is None else str(value) for v, value in named}

    def client_options(self) -> dict[str, Any]:
        """Return the options of aiokafka's and kafka-python's clients, which call them alike.

        Reads the files anew. Raises KafkaAccessError where one of them cannot be used.
        """
        options: dict[str, Any] = {"security_protocol": self.security}
        if self.is_encrypted:
            options["ssl_context"] = self._ssl_context()
        if self.signs_in:
            options |= {
                "sasl_mechanism": self.mechanism,
                "sasl_plain_username": self.user,
                "sasl_plain_password": self.password,
            }
        return options

    def _ssl_context(self) -> ssl.SSLContext:
        try:
            context = ssl.create_default_context(cafile=self.ca_file)
        except OSError as error:
            raise _unusable(CA_FILE, self.ca_file, error) from None
        if self.certificate_file is not None:
            try:
                # Never asked for at a terminal: a process without one would wait for ever.
                context.load_cert_chain(
                    self.certificate_file, self.key_file, lambda: self.key_password or ""
                )
            except OSError as error:
                raise _unusable(CERTIFICATE_FILE, self.certificate_file, error) from None
        return context


PLAINTEXT = KafkaAccess()


def _check_given(given: Mapping[AccessVariable, str], security: str) -> None:
    if security.startswith("SASL"):
        for variable in _OF_SASL:
            if variable not in given:
                raise _wrong(variable, f"must be set for {SECURITY.name}={security}")
        if given[MECHANISM].upper() not in MECHANISMS:
            raise _wrong(MECHANISM, f"must be one of {', '.join(MECHANISMS)}")
    else:
        _refuse(given, _OF_SASL, "SASL_PLAINTEXT or SASL_SSL")
    if not security.endswith("SSL"):
        # Whoever names an authority believes that the connection is encrypted.
        _refuse(given, _OF_TLS, "SSL or SASL_SSL")
    for variable in (KEY_FILE, KEY_PASSWORD):
        if variable in given and CERTIFICATE_FILE not in given:
            raise _wrong(variable, f"is of no use without {CERTIFICATE_FILE.name}")


def _refuse(
    given: Mapping[AccessVariable, str], variables: tuple[AccessVariable, ...], needed: str
) -> None:
    for variable in variables:
        if variable in given:
            raise _wrong(variable, f"is set, but {SECURITY.name} is not {needed}")


def _path(given: Mapping[AccessVariable, str], variable: AccessVariable) -> Path | None:
    return Path(given[variable]).expanduser() if variable in given else None


def _wrong(variable: AccessVariable, rule: str) -> KafkaAccessError:
    return KafkaAccessError(f"{variable.name} {rule}: it is the {variable.purpose}.")


def _unusable(variable: AccessVariable, path: Path | None, error: OSError) -> KafkaAccessError:
    reason = error.strerror or type(error).__name__
    return KafkaAccessError(f"{variable.name} names {path}, which cannot be used: {reason}.")
