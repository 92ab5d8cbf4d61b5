"""Chooses where events go, the same for every command that sends some."""

import argparse
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from cli.data_dir import add_data_dir
from cli.replaying.gateway import gateway
from cli.replaying.kafka_inbox import kafka_inbox
from cli.replaying.targets import Target
from cli.settings import KAFKA, TOKEN, Settings
from cli.stack import Stack, find, kafka_access_of
from cli.stack_error import StackError
from storage.kafka_access import PLAINTEXT, KafkaAccess

URL = "ROUNDTABLE_URL"
"""Set by `eval "$(roundtable env)"`."""


class DestinationError(StackError):
    """It is not known where to send to."""


@dataclass(frozen=True)
class GatewayAddress:
    """The API and the token it asks for."""

    url: str
    token: str = field(repr=False)


@dataclass(frozen=True)
class KafkaAddress:
    """A cluster whose inbox takes events."""

    bootstrap: str
    access: KafkaAccess = PLAINTEXT


Destination = GatewayAddress | KafkaAddress


def add_destination(parser: argparse.ArgumentParser) -> None:
    """Declare the options that choose the destination."""
    add_gateway(parser)
    parser.add_argument(
        "--to",
        choices=("gateway", "kafka"),
        default="gateway",
        help="post to the API, or write to the topic events.inbox (default: %(default)s)",
    )
    parser.add_argument(
        "--kafka", help=f"bootstrap address (default: {KAFKA.name}, or the stack's)"
    )


def add_gateway(parser: argparse.ArgumentParser) -> None:
    """Declare the options that choose the API alone."""
    add_data_dir(parser)
    parser.add_argument("--url", help=f"root of the API (default: {URL}, or the stack's)")
    parser.add_argument("--token", help=f"token of the API (default: {TOKEN.name}, or the stack's)")


def destination_of(args: argparse.Namespace, environ: Mapping[str, str]) -> Destination:
    """Return what the options, the environment and the running stack say, in this order."""
    if args.to != "kafka":
        return gateway_of(args, environ)
    settings, stack = Settings.from_env(environ), find(args.data_dir)
    of_stack = stack.kafka if stack is not None else None
    kafka = _known(args.kafka or settings.kafka or of_stack, args, "--kafka")
    access = settings.kafka_access if args.kafka else kafka_access_of(settings, stack)
    return KafkaAddress(kafka, access)


def gateway_of(args: argparse.Namespace, environ: Mapping[str, str]) -> GatewayAddress:
    """Return the API that the options, the environment and the running stack name."""
    settings, stack = Settings.from_env(environ), find(args.data_dir)
    of_stack = stack.http if stack is not None else None
    url = _known(args.url or environ.get(URL) or of_stack, args, "--url")
    return GatewayAddress(url, _token(url, args, settings, stack))


@asynccontextmanager
async def open_target(destination: Destination) -> AsyncIterator[Target]:
    """Yield the target, closed at the end."""
    if isinstance(destination, KafkaAddress):
        with kafka_inbox(destination.bootstrap, destination.access) as inbox:
            yield inbox
        return
    async with gateway(destination.url, destination.token) as api:
        yield api


def _token(url: str, args: argparse.Namespace, settings: Settings, stack: Stack | None) -> str:
    # The stack's token belongs to the stack's address: it is not shown to another one.
    of_stack = stack.token if stack is not None and url == stack.http else None
    return _known(args.token or settings.token or of_stack, args, "--token")


def _known(value: str | None, args: argparse.Namespace, option: str) -> str:
    if not value:
        raise DestinationError(
            f"Nothing runs in {args.data_dir}. Start it with `roundtable up`, or give {option}."
        )
    return value
