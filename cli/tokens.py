"""`roundtable tokens`: makes tokens for machines, lists them, and revokes them.

Works over the API with the deployment's token, or with one that has `tokens:write`.
"""

import argparse
import os

from rich.table import Table

from cli.api_client import ApiClient, connected
from cli.replaying.destination import add_gateway, gateway_of
from cli.reporting import OUTPUT, id_column, print_json
from schemas.scopes import SCOPES_OF_PEOPLE_ALONE, Scope
from schemas.tokens import LONGEST_DAYS, TokenDraft

SCOPES = [scope.value for scope in Scope if scope not in SCOPES_OF_PEOPLE_ALONE]
USUAL_DAYS: int = TokenDraft.model_fields["days"].default


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what may be done, and with which API."""
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    make = actions.add_parser("make", help="make a token; its secret is printed this once")
    make.add_argument("name", help="which system it is for")
    make.add_argument(
        "--scope",
        required=True,
        action="append",
        choices=SCOPES,
        metavar="SCOPE",
        help=f"what it may ask; several times for several: {', '.join(SCOPES)}",
    )
    make.add_argument(
        "--days",
        type=int,
        default=USUAL_DAYS,
        help=f"how long it lives, at most {LONGEST_DAYS} (default: %(default)s)",
    )
    listing = actions.add_parser("list", help="show tokens, those out of force as well")
    listing.add_argument("--json", action="store_true", help="print the API's document")
    revoke = actions.add_parser("revoke", help="put a token out of force")
    revoke.add_argument("id", help="as `tokens list` shows it; never the secret")
    chosen = {make: _make, listing: _list, revoke: _revoke}
    for action, does in chosen.items():
        action.set_defaults(action=does)
        add_gateway(action)


def run(args: argparse.Namespace) -> int:
    """Do what was chosen."""
    with connected(gateway_of(args, os.environ)) as api:
        args.action(args, api)
    return 0


def _make(args: argparse.Namespace, api: ApiClient) -> None:
    made = api.make_token({"name": args.name, "scopes": args.scope, "days": args.days})
    OUTPUT.print(f"{made['token']['id']} lives until {made['token']['expires_at']}", markup=False)
    OUTPUT.print(made["secret"], markup=False)


def _list(args: argparse.Namespace, api: ApiClient) -> None:
    tokens = api.tokens()
    if args.json:
        print_json(tokens)
        return
    table = Table(id_column(), "name", "scopes", "until", "last used", box=None)
    for one in tokens:
        until = "revoked" if one["revoked_at"] else _day(one["expires_at"])
        used = _day(one["last_used_at"]) if one["last_used_at"] else "never"
        table.add_row(one["id"], one["name"], ", ".join(one["scopes"]), until, used)
    OUTPUT.print(table)


def _day(time: str) -> str:
    return time[: len("2026-05-04")]


def _revoke(args: argparse.Namespace, api: ApiClient) -> None:
    revoked = api.revoke_token(args.id)
    OUTPUT.print(f"{revoked['id']} {revoked['name']} revoked", markup=False)
