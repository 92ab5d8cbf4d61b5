"""`roundtable people`: adds people and invites them, lists them, and lets nobody in who has left.

Works over the API with the deployment's token, or with one that has `people:write`.
"""

import argparse
import os
from collections.abc import Sequence

from rich.table import Table

from api.sign_in_settings import PUBLIC_URL
from cli.api_client import ApiClient, Document, connected
from cli.replaying.destination import add_gateway, gateway_of
from cli.reporting import OUTPUT, id_column, print_json
from cli.stack import find
from cli.stack_error import StackError
from schemas.people import PersonSide, Role

INVITATION_PAGE = "/sign-in#invitation="
"""What follows `#` is not sent to any server: no log on the way holds the secret."""


class PersonNameError(StackError):
    """Nobody is called so, or several are."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what may be done, and with which API."""
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    add = actions.add_parser("add", help="add a person; prints the invitation for them")
    _declare_person(add)
    listing = actions.add_parser("list", help="show who is there")
    listing.add_argument("--json", action="store_true", help="print the API's document")
    invite = actions.add_parser("invite", help="invite anew, as when a password was forgotten")
    disable = actions.add_parser("disable", help="sign a person out and let them in no more")
    for action in (invite, disable):
        action.add_argument("person", help="id, or a name that only one person has")
    where = f"address that people open (default: {PUBLIC_URL}, the stack's, or the API's)"
    for action in (add, invite):
        action.add_argument("--public-url", metavar="URL", help=where)
    chosen = {add: _add, listing: _list, invite: _invite, disable: _disable}
    for action, does in chosen.items():
        action.set_defaults(action=does)
        add_gateway(action)


def run(args: argparse.Namespace) -> int:
    """Do what was chosen."""
    address = gateway_of(args, os.environ)
    with connected(address) as api:
        args.url = address.url
        args.action(args, api)
    return 0


def public_url(args: argparse.Namespace) -> str:
    """Return the address that people open, as far as it was told."""
    chosen: str | None = args.public_url or os.environ.get(PUBLIC_URL)
    stack = find(args.data_dir)
    # The stack's public address belongs to the stack's API, as its token does.
    of_stack = stack.public_url if stack is not None and args.url == stack.http else None
    return chosen or of_stack or str(args.url)


def _declare_person(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", help="as colleagues see it")
    parser.add_argument(
        "--email", required=True, help="address that they sign in with; only its hash is stored"
    )
    parser.add_argument("--side", required=True, choices=[side.value for side in PersonSide])
    parser.add_argument(
        "--role",
        required=True,
        action="append",
        choices=[role.value for role in Role],
        help="what they do; several times for several roles",
    )
    parser.add_argument(
        "--team", action="append", default=[], metavar="KEY", help="several times for several"
    )


def person_called(people: Sequence[Document], asked: str) -> Document:
    """Return the person of this id or name. Raises PersonNameError."""
    found = [one for one in people if asked in {one["id"], one["name"]}]
    if not found:
        raise PersonNameError(f"Nobody has the id or the name {asked!r}: see `people list`.")
    if len(found) > 1:
        ids = ", ".join(one["id"] for one in found)
        raise PersonNameError(f"Several people are called {asked!r}: name one by id ({ids}).")
    return found[0]


def invitation_text(invitation: Document, name: str, url: str) -> str:
    """Return what to hand over, and what to know about it."""
    link = f"{url.rstrip('/')}{INVITATION_PAGE}{invitation['invitation']}"
    return (
        f"{link}\n"
        f"This is for {name} alone: whoever opens it first signs in as them. "
        f"It can be used once, until {invitation['expires_at']}."
    )


def _add(args: argparse.Namespace, api: ApiClient) -> None:
    made = api.add_person(
        {
            "name": args.name,
            "email": args.email,
            "side": args.side,
            "roles": args.role,
            "teams": args.team,
        }
    )
    OUTPUT.print(f"{made['person']['id']} {made['person']['name']} added", markup=False)
    _show(args, made["invitation"], made["person"]["name"])


def _list(args: argparse.Namespace, api: ApiClient) -> None:
    people = api.people()
    if args.json:
        print_json(people)
        return
    table = Table(id_column(), "name", "side", "roles", "teams", "signs in with", box=None)
    for one in people:
        means = (one["signs_in_with"] or "invited") if one["is_active"] else "disabled"
        listed = (", ".join(one["roles"]), ", ".join(one["teams"]))
        table.add_row(one["id"], one["name"], one["side"], *listed, means)
    OUTPUT.print(table)


def _invite(args: argparse.Namespace, api: ApiClient) -> None:
    person = person_called(api.people(), args.person)
    _show(args, api.invite(person["id"]), person["name"])


def _disable(args: argparse.Namespace, api: ApiClient) -> None:
    person = person_called(api.people(), args.person)
    kept = {name: person[name] for name in ("name", "side", "roles", "teams")}
    api.change_person(person["id"], {**kept, "is_active": False})
    OUTPUT.print(f"{person['id']} {person['name']} disabled", markup=False)


def _show(args: argparse.Namespace, invitation: Document, name: str) -> None:
    OUTPUT.print(invitation_text(invitation, name, public_url(args)), markup=False)
