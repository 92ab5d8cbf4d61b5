"""The `roundtable` program: one sub-command per job, each in the module that this table names."""

import argparse
import importlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, cast

from cli.reporting import CONSOLE
from cli.stack_error import StackError


class CommandModule(Protocol):
    """What a command's module offers."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the options."""

    def run(self, args: argparse.Namespace) -> int:
        """Do the job and return the exit code."""


@dataclass(frozen=True)
class Subcommand:
    """A row of the table: its name, its module, and the sentence that help shows."""

    name: str
    module: str
    summary: str


SUBCOMMANDS = (
    Subcommand("up", "cli.up", "Run Kafka, PostgreSQL, the API and the worker until Ctrl-C."),
    Subcommand("down", "cli.down", "Stop what runs for a data directory."),
    Subcommand("status", "cli.status", "Show what runs, where, and since when."),
    Subcommand("env", "cli.env", "Print addresses and token of the running stack, for a shell."),
    Subcommand("people", "cli.people", "Add people, invite them, list them, disable them."),
    Subcommand("tokens", "cli.tokens", "Make tokens for machines, list them, revoke them."),
    Subcommand("event-types", "cli.event_types", "Register event types of the house; list them."),
    Subcommand("read", "cli.read", "Show what an experiment's data say, once or live."),
    Subcommand("doctor", "cli.doctor", "Say what is wrong and what to do about it."),
    Subcommand("verify", "cli.verify", "Recompute every figure from the events; show differences."),
    Subcommand("migrate", "cli.migrate", "Bring the database to the newest schema."),
    Subcommand("topics", "cli.topics", "Create the topics that are missing and show all."),
    Subcommand("schemas", "cli.publish", "Write the published contracts anew."),
    Subcommand("demo", "cli.demo", "Watch a simulated company from campaign to result."),
    Subcommand("replay", "cli.replay", "Send the rows of a file as events."),
    Subcommand("simulate", "cli.simulate", "Send the events of a simulated company."),
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one sub-command; what a person can act on is shown as a sentence, exit code 2."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    args = _parser(arguments).parse_args(arguments)
    try:
        return _load(args.subcommand).run(args)
    except StackError as error:
        CONSOLE.print(f"roundtable {args.subcommand.name}: {error}", markup=False, style="red")
        return 2
    except PermissionError as error:
        CONSOLE.print(_not_permitted(args.subcommand.name, error), markup=False, style="red")
        return 2
    except KeyboardInterrupt:
        return 130


def _parser(arguments: Sequence[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="roundtable", description=__doc__)
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for subcommand in SUBCOMMANDS:
        child = commands.add_parser(
            subcommand.name, help=subcommand.summary, description=subcommand.summary
        )
        child.set_defaults(subcommand=subcommand)
        # Only the chosen module is loaded: `status` need not wait for what `demo` imports.
        if subcommand.name in arguments[:1]:
            _load(subcommand).add_arguments(child)
    return parser


def _not_permitted(name: str, error: PermissionError) -> str:
    place = error.filename or "a process of the stack"
    return f"roundtable {name}: {place} belongs to another user. Run as that user."


def _load(subcommand: Subcommand) -> CommandModule:
    return cast(CommandModule, importlib.import_module(subcommand.module))


if __name__ == "__main__":
    sys.exit(main())
