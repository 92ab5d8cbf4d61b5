"""`roundtable event-types`: registers the event types of the house, and lists them."""

import argparse
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.table import Table

from cli.api_client import ApiClient, ApiError, connected
from cli.replaying.destination import GatewayAddress, add_gateway, gateway_of
from cli.reporting import OUTPUT, print_json
from cli.stack_error import StackError


class DraftFileError(StackError):
    """A file holds no drafts of event types."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what may be done, and with which API."""
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    add = actions.add_parser("add", help="register the types of a file, or widen them")
    add.add_argument(
        "files", metavar="FILE", type=Path, nargs="+", help="JSON: one draft, or a list of them"
    )
    add.set_defaults(action=_add)
    listing = actions.add_parser("list", help="show the registered types")
    listing.add_argument("--json", action="store_true", help="print the API's document")
    listing.set_defaults(action=_list)
    for action in (add, listing):
        add_gateway(action)


def run(args: argparse.Namespace) -> int:
    """Do what was chosen; a draft that is refused ends it, and those before it stay registered."""
    address: GatewayAddress = gateway_of(args, os.environ)
    with connected(address) as api:
        args.action(args, api)
    return 0


def _add(args: argparse.Namespace, api: ApiClient) -> None:
    # All files are read before anything is registered.
    drafts = [(file, draft) for file in args.files for draft in drafts_of(file)]
    for file, draft in drafts:
        try:
            found, is_new = api.register_event_type(draft)
        except ApiError as error:
            name = draft.get("type", "a draft without a type")
            raise ApiError(f"{file}: {name} was refused: {error}") from None
        word = "registered" if is_new else "unchanged"
        OUTPUT.print(f"{found['type']} version {found['version']} {word}", markup=False)


def _list(args: argparse.Namespace, api: ApiClient) -> None:
    found = api.event_types()
    if args.json:
        print_json(found)
        return
    table = Table("type", "version", "owner", "meaning", box=None)
    for one in found:
        table.add_row(one["type"], str(one["version"]), one["owner"], one["meaning"])
    OUTPUT.print(table)


def drafts_of(file: Path) -> Sequence[dict[str, Any]]:
    """Return the drafts of a file. Raises DraftFileError; what a draft says the API judges."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise DraftFileError(f"{file} cannot be read as JSON: {error}") from error
    drafts = content if isinstance(content, list) else [content]
    if not drafts or not all(isinstance(draft, dict) for draft in drafts):
        raise DraftFileError(f"{file} holds neither a draft of an event type nor a list of them.")
    return drafts
