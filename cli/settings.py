"""What the environment may say about the embedded stack, read once into a frozen value."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from api import sign_in_settings
from api.settings import MOST_PROCESSES
from api.sign_in_settings import SignInSettingError, SignInSettings
from cli.stack_error import StackError
from storage import kafka_access
from storage.kafka_access import KafkaAccess, KafkaAccessError


class SettingError(StackError):
    """An environment variable holds a value that cannot be used."""


@dataclass(frozen=True)
class Variable:
    """One environment variable: its name and what it is for, as `roundtable up --help` shows it."""

    name: str
    purpose: str


KAFKA = Variable("ROUNDTABLE_KAFKA", "bootstrap address of a Kafka cluster to use instead of ours")
DATABASE = Variable("ROUNDTABLE_DATABASE", "conninfo of a PostgreSQL 15+ to use instead of ours")
HTTP_PORT = Variable("ROUNDTABLE_HTTP_PORT", "port of the API, 8000 or a free one by default")
API_PROCESSES = Variable("ROUNDTABLE_API_PROCESSES", "processes of the API, 1 by default")
WORKER_HTTP_PORT = Variable(
    "ROUNDTABLE_WORKER_HTTP_PORT",
    "port of the worker's health, by default a free one",
)
METRICS_PORT = Variable(
    "ROUNDTABLE_METRICS_PORT", "port of the metrics of the API, by default a free one"
)
KAFKA_PORT = Variable("ROUNDTABLE_KAFKA_PORT", "port of our Kafka, 9092 or a free one by default")
DATABASE_PORT = Variable(
    "ROUNDTABLE_DATABASE_PORT", "port of our PostgreSQL, 5432 or a free one by default"
)
TOKEN = Variable("ROUNDTABLE_TOKEN", "token of the API; made once and kept when not given")
HASH_KEY = Variable(
    "ROUNDTABLE_HASH_KEY", "secret of the pseudonyms; made once and kept when not given"
)
CACHE = Variable("ROUNDTABLE_CACHE", "where downloads are kept, ~/.cache/roundtable by default")
MAVEN = Variable(
    "ROUNDTABLE_MAVEN", "Maven repository to download from, before any mirror of settings.xml"
)
JAVA = Variable("ROUNDTABLE_JAVA", "java program to run Kafka with (17 or newer)")
VARIABLES = (
    KAFKA,
    DATABASE,
    HTTP_PORT,
    API_PROCESSES,
    WORKER_HTTP_PORT,
    METRICS_PORT,
    KAFKA_PORT,
    DATABASE_PORT,
    TOKEN,
    HASH_KEY,
    CACHE,
    MAVEN,
    JAVA,
    *(Variable(name, purpose) for name, purpose in sign_in_settings.VARIABLES),
    *(Variable(access.name, access.purpose) for access in kafka_access.VARIABLES),
)


@dataclass(frozen=True)
class Settings:
    """The choices for one stack; every field has a default that works on a bare machine."""

    kafka: str | None = None
    kafka_access: KafkaAccess = kafka_access.PLAINTEXT
    sign_in: SignInSettings = sign_in_settings.HERE_ALONE
    database: str | None = field(default=None, repr=False)  # may hold a password
    kafka_port: int = 9092
    database_port: int = 5432
    http_port: int = 8000
    api_processes: int = 1
    worker_http_port: int = 0
    metrics_port: int = 0
    token: str | None = field(default=None, repr=False)
    hash_key: str | None = field(default=None, repr=False)
    cache: Path = field(default_factory=lambda: _cache({}))
    maven: str | None = None
    java: Path | None = None

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "Settings":
        """Read the variables listed in VARIABLES; an empty one counts as not set."""
        return cls(
            kafka=environ.get(KAFKA.name) or None,
            kafka_access=_kafka_access(environ),
            sign_in=_sign_in(environ),
            database=environ.get(DATABASE.name) or None,
            kafka_port=_port(environ, KAFKA_PORT, cls.kafka_port),
            database_port=_port(environ, DATABASE_PORT, cls.database_port),
            http_port=_port(environ, HTTP_PORT, cls.http_port),
            api_processes=_processes(environ),
            worker_http_port=_port(environ, WORKER_HTTP_PORT, cls.worker_http_port),
            metrics_port=_port(environ, METRICS_PORT, cls.metrics_port),
            token=environ.get(TOKEN.name) or None,
            hash_key=environ.get(HASH_KEY.name) or None,
            cache=_cache(environ),
            maven=environ.get(MAVEN.name) or None,
            java=Path(environ[JAVA.name]) if environ.get(JAVA.name) else None,
        )


def _kafka_access(environ: Mapping[str, str]) -> KafkaAccess:
    try:
        access = KafkaAccess.from_env(environ)
        access.client_options()  # a file that cannot be read is named before anything is started
    except KafkaAccessError as error:
        raise SettingError(str(error)) from error
    return access


def _sign_in(environ: Mapping[str, str]) -> SignInSettings:
    """Read what the API reads by itself: what it would end with is said before it is started."""
    try:
        return SignInSettings.from_env(environ)
    except SignInSettingError as error:
        raise SettingError(str(error)) from error


def _port(environ: Mapping[str, str], variable: Variable, default: int) -> int:
    text = environ.get(variable.name)
    if not text:
        return default
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise SettingError(f"{variable.name} is {text!r}; it must be a port from 1 to 65535.")
    return int(text)


def _processes(environ: Mapping[str, str]) -> int:
    text = environ.get(API_PROCESSES.name) or "1"
    if not text.isdecimal() or not 1 <= int(text) <= MOST_PROCESSES:
        raise SettingError(
            f"{API_PROCESSES.name} is {text!r}; it must be a number from 1 to {MOST_PROCESSES}."
        )
    return int(text)


def _cache(environ: Mapping[str, str]) -> Path:
    if chosen := environ.get(CACHE.name):
        return Path(chosen).expanduser()
    shared = environ.get("XDG_CACHE_HOME")
    return (Path(shared) if shared else Path.home() / ".cache") / "roundtable"
