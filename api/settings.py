"""What the environment may say about the API, read once into a frozen value.

`VARIABLES` declares every variable once: the reader, the messages and the table in the docs use it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from api import insight_settings, sign_in_settings
from api.insight_settings import InsightSettingError, ReviewReminders
from api.sign_in_settings import SignInSettingError, SignInSettings
from observability import settings as telemetry
from observability.settings import AS_USUAL, TelemetrySettingError, TelemetrySettings
from schemas.currencies import MINOR_DIGITS
from storage import kafka_access
from storage.kafka_access import KafkaAccess, KafkaAccessError

MEBIBYTE = 1024 * 1024
FINISH_MARGIN_SECONDS = 5
MOST_PROCESSES = 256
LOG_LEVEL = "WARNING"
FEWEST_HASH_KEY_BYTES = 16
FEWEST_TOKEN_CHARACTERS = 16


class SettingError(ValueError):
    """An environment variable is missing, or holds a value that cannot be used."""


@dataclass(frozen=True, slots=True)
class Variable:
    """One environment variable: its name, the default as it would be written, what it is for.

    Without a default it has to be set.
    """

    name: str
    default: str | None
    purpose: str


KAFKA = Variable("ROUNDTABLE_KAFKA", None, "bootstrap addresses of Kafka, separated by commas")
DATABASE = Variable("ROUNDTABLE_DATABASE", None, "conninfo or URL of PostgreSQL")
HOST = Variable("ROUNDTABLE_HTTP_HOST", "127.0.0.1", "address that the API listens on")
PORT = Variable("ROUNDTABLE_HTTP_PORT", "8000", "port that the API listens on")
METRICS_HOST = Variable("ROUNDTABLE_METRICS_HOST", "127.0.0.1", "address that metrics are read at")
METRICS_PORT = Variable(
    "ROUNDTABLE_METRICS_PORT",
    "",
    "port that the metrics of the first process are read at, of the second one above it, and so "
    "on; none: they are not read",
)
LOG_FORMAT = Variable(telemetry.LOG_FORMAT, "text", telemetry.LOG_FORMAT_PURPOSE)
PROCESSES = Variable(
    "ROUNDTABLE_API_PROCESSES",
    "1",
    "processes that share the address; limits on connections, bytes and rates hold for each",
)
TOKEN = Variable(
    "ROUNDTABLE_TOKEN",
    None,
    "the deployment's own token: it may ask everything, and lets the first person in",
)
HASH_KEY = Variable(
    "ROUNDTABLE_HASH_KEY",
    None,
    "secret that e-mail addresses are hashed with; the same in every process and for ever",
)
ALLOWED_STAFF_FIELDS = Variable(
    "ROUNDTABLE_ALLOWED_STAFF_FIELDS",
    "",
    "names of data fields, separated by commas, that are kept though they may name an employee",
)
REPORTING_CURRENCY = Variable(
    "ROUNDTABLE_REPORTING_CURRENCY", "EUR", "ISO 4217 code of the currency that results are in"
)
MAX_BODY = Variable(
    "ROUNDTABLE_MAX_BODY_BYTES", str(4 * MEBIBYTE), "largest body of a request with events"
)
MAX_EVENTS = Variable(
    "ROUNDTABLE_MAX_BATCH_EVENTS", "5000", "largest number of events in one request"
)
MAX_IN_FLIGHT = Variable(
    "ROUNDTABLE_MAX_IN_FLIGHT_BYTES",
    str(64 * MEBIBYTE),
    "bytes of events that may wait for Kafka; beyond, requests are answered with 429",
)
MAX_CONNECTIONS = Variable(
    "ROUNDTABLE_MAX_CONNECTIONS",
    "400",
    "connections that are served at a time; as many again are answered with 503, those beyond "
    "are closed",
)
MAX_STREAMS = Variable(
    "ROUNDTABLE_MAX_STREAMS",
    "200",
    "experiments that are watched at a time, counted once for each who watches; beyond, requests "
    "are answered with 503",
)
ACKNOWLEDGE = Variable(
    "ROUNDTABLE_ACKNOWLEDGE_SECONDS",
    "10",
    "how long a request waits for Kafka's acknowledgement before it is answered with 503",
)
DATABASE_CONNECTIONS = Variable(
    "ROUNDTABLE_DATABASE_CONNECTIONS", "8", "connections to PostgreSQL that the API opens at most"
)
WEBHOOK_KEYS = Variable(
    "ROUNDTABLE_WEBHOOK_KEYS",
    "",
    "keys, separated by commas and the newest first, that seal the secrets of webhooks in "
    "PostgreSQL; without one they lie there plain",
)
WEBHOOKS_PRIVATE = Variable(
    "ROUNDTABLE_WEBHOOKS_PRIVATE",
    "no",
    "whether webhooks may lead to private addresses, and by http too: yes or no",
)
SIGN_IN = tuple(Variable(name, "", purpose) for name, purpose in sign_in_settings.VARIABLES)
METRIC_AGREEMENT = Variable(
    "ROUNDTABLE_METRIC_AGREEMENT",
    "optional",
    "whether both sides have to agree to the metrics of an experiment before it is registered: "
    "required or optional",
)
INSIGHTS = tuple(Variable(*declared) for declared in insight_settings.VARIABLES)
KAFKA_ACCESS = tuple(Variable(v.name, v.default, v.purpose) for v in kafka_access.VARIABLES)
VARIABLES = (
    *(KAFKA, DATABASE, HOST, PORT, PROCESSES, METRICS_HOST, METRICS_PORT, LOG_FORMAT),
    *(TOKEN, HASH_KEY, ALLOWED_STAFF_FIELDS, REPORTING_CURRENCY),
    *(MAX_BODY, MAX_EVENTS, MAX_IN_FLIGHT, MAX_CONNECTIONS, MAX_STREAMS),
    *(ACKNOWLEDGE, DATABASE_CONNECTIONS),
    *(WEBHOOK_KEYS, WEBHOOKS_PRIVATE, METRIC_AGREEMENT),
    *INSIGHTS,
    *SIGN_IN,
    *KAFKA_ACCESS,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that the API is told at its start; secrets are not shown."""

    kafka: str
    database: str = field(repr=False)
    host: str
    port: int
    token: str = field(repr=False)
    hash_key: bytes = field(repr=False)
    allowed_staff_fields: frozenset[str]
    reporting_currency: str
    max_body_bytes: int
    max_batch_events: int
    max_in_flight_bytes: int
    acknowledge_seconds: int
    database_connections: int
    metrics_host: str = "127.0.0.1"
    metrics_port: int | None = None
    """Of the first process; the others follow it, each one above the one before."""
    telemetry: TelemetrySettings = AS_USUAL
    max_connections: int = 400
    max_streams: int = 200
    processes: int = 1
    process: int = 1
    """Which of them this is; not from the environment, but from the one that starts them."""
    webhook_keys: tuple[str, ...] = field(default=(), repr=False)
    are_webhooks_private: bool = False
    is_agreement_required: bool = False
    """Whether only metrics that both sides agreed to may be registered with an experiment."""
    reminders: ReviewReminders = insight_settings.USUAL
    sign_in: SignInSettings = sign_in_settings.HERE_ALONE
    kafka_access: KafkaAccess = kafka_access.PLAINTEXT

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "Settings":
        """Read the variables listed in VARIABLES; an empty one counts as not set."""
        return cls(
            kafka=_text(environ, KAFKA),
            database=_text(environ, DATABASE),
            host=_text(environ, HOST),
            port=_number(environ, PORT, at_least=0, at_most=65_535),
            metrics_host=_text(environ, METRICS_HOST),
            metrics_port=_port_or_none(environ, METRICS_PORT),
            telemetry=_telemetry(environ),
            processes=_number(environ, PROCESSES, at_least=1, at_most=MOST_PROCESSES),
            token=_secret(environ, TOKEN, FEWEST_TOKEN_CHARACTERS),
            hash_key=_secret(environ, HASH_KEY, FEWEST_HASH_KEY_BYTES).encode(),
            allowed_staff_fields=frozenset(_names(environ, ALLOWED_STAFF_FIELDS)),
            reporting_currency=_currency(environ, REPORTING_CURRENCY),
            max_body_bytes=_number(environ, MAX_BODY, at_least=64 * 1024),
            max_batch_events=_number(environ, MAX_EVENTS, at_least=1),
            max_in_flight_bytes=_number(environ, MAX_IN_FLIGHT, at_least=MEBIBYTE),
            max_connections=_number(environ, MAX_CONNECTIONS, at_least=2, at_most=100_000),
            max_streams=_number(environ, MAX_STREAMS, at_least=1, at_most=100_000),
            acknowledge_seconds=_number(environ, ACKNOWLEDGE, at_least=1, at_most=600),
            database_connections=_number(environ, DATABASE_CONNECTIONS, at_least=2, at_most=1_000),
            webhook_keys=_secrets(environ, WEBHOOK_KEYS, FEWEST_HASH_KEY_BYTES),
            are_webhooks_private=_is_yes(environ, WEBHOOKS_PRIVATE),
            is_agreement_required=_is_required(environ, METRIC_AGREEMENT),
            reminders=_reminders(environ),
            sign_in=_sign_in(environ),
            kafka_access=_kafka_access(environ),
        )

    @property
    def finish_seconds(self) -> int:
        """How long an end may take: what waits for Kafka's acknowledgement is answered before."""
        return self.acknowledge_seconds + FINISH_MARGIN_SECONDS

    def __post_init__(self) -> None:
        """Refuse limits under which some requests could never be answered."""
        if self.max_in_flight_bytes < 2 * self.max_body_bytes:
            raise SettingError(
                f"{MAX_IN_FLIGHT.name} must be at least twice {MAX_BODY.name}: a body is held "
                "beside the records made from it."
            )
        if self.max_streams >= self.max_connections:
            raise SettingError(
                f"{MAX_STREAMS.name} must be less than {MAX_CONNECTIONS.name}: who watches must "
                "not keep everybody else out."
            )


def _port_or_none(environ: Mapping[str, str], variable: Variable) -> int | None:
    if not environ.get(variable.name):
        return None
    return _number(environ, variable, at_least=1, at_most=65_535 - MOST_PROCESSES)


def _telemetry(environ: Mapping[str, str]) -> TelemetrySettings:
    try:
        return TelemetrySettings.from_env(environ)
    except TelemetrySettingError as error:
        raise SettingError(str(error)) from None


def _reminders(environ: Mapping[str, str]) -> ReviewReminders:
    try:
        return ReviewReminders.from_env(environ)
    except InsightSettingError as error:
        raise SettingError(str(error)) from None


def _sign_in(environ: Mapping[str, str]) -> SignInSettings:
    try:
        return SignInSettings.from_env(environ)
    except SignInSettingError as error:
        raise SettingError(str(error)) from None


def _kafka_access(environ: Mapping[str, str]) -> KafkaAccess:
    try:
        return KafkaAccess.from_env(environ)
    except KafkaAccessError as error:
        raise SettingError(str(error)) from None


def _text(environ: Mapping[str, str], variable: Variable) -> str:
    text = environ.get(variable.name) or variable.default
    if text is None:
        raise SettingError(
            f"{variable.name} is not set: {variable.purpose}. `roundtable up` sets it by itself."
        )
    return text


def _number(
    environ: Mapping[str, str], variable: Variable, *, at_least: int, at_most: int = 2**40
) -> int:
    text = _text(environ, variable)
    if not text.isdecimal() or not at_least <= int(text) <= at_most:
        raise SettingError(
            f"{variable.name} is {text!r}; it must be a whole number from {at_least} to {at_most}."
        )
    return int(text)


def _is_yes(environ: Mapping[str, str], variable: Variable) -> bool:
    text = _text(environ, variable)
    if text not in {"yes", "no"}:
        raise SettingError(f"{variable.name} is {text!r}; it must be yes or no.")
    return text == "yes"


def _is_required(environ: Mapping[str, str], variable: Variable) -> bool:
    text = _text(environ, variable)
    if text not in {"required", "optional"}:
        raise SettingError(f"{variable.name} is {text!r}; it must be required or optional.")
    return text == "required"


def _secrets(environ: Mapping[str, str], variable: Variable, fewest: int) -> tuple[str, ...]:
    return tuple(_long_enough(text, variable, fewest) for text in _names(environ, variable))


def _secret(environ: Mapping[str, str], variable: Variable, fewest: int) -> str:
    return _long_enough(_text(environ, variable), variable, fewest)


def _long_enough(text: str, variable: Variable, fewest: int) -> str:
    if len(text) < fewest or not (text.isascii() and text.isprintable()):
        raise SettingError(
            f"{variable.name} must be at least {fewest} printable ASCII characters, as from "
            "`openssl rand -hex 32`."
        )
    return text


def _names(environ: Mapping[str, str], variable: Variable) -> list[str]:
    return [name.strip() for name in _text(environ, variable).split(",") if name.strip()]


def _currency(environ: Mapping[str, str], variable: Variable) -> str:
    code = _text(environ, variable)
    if code not in MINOR_DIGITS:
        raise SettingError(f"{variable.name} is {code!r}, which is no ISO 4217 currency code.")
    return code
