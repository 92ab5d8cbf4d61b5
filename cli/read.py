"""`roundtable read KEY`: what an experiment's data say, once or as it changes."""

import argparse
import os

from rich.live import Live

from cli.api_client import ApiClient, ApiError, connected
from cli.reading_table import reading_of
from cli.replaying.destination import GatewayAddress, add_destination, destination_of
from cli.reporting import OUTPUT, SCREEN, print_json


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("key", help="key of the experiment")
    parser.add_argument("--follow", action="store_true", help="show each newer reading, live")
    parser.add_argument("--language", choices=("en", "de"), default="en")
    parser.add_argument("--json", action="store_true", help="print the API's document")
    add_destination(parser)


def run(args: argparse.Namespace) -> int:
    """Show the reading; with --follow until Ctrl-C."""
    destination = destination_of(args, os.environ)
    if not isinstance(destination, GatewayAddress):
        raise ApiError("Readings come from the API: leave out --to kafka.")
    with connected(destination) as api:
        if args.follow:
            _follow(api, args.key, args.language)
        elif args.json:
            print_json(api.results(args.key, args.language))
        else:
            OUTPUT.print(reading_of(api.results(args.key, args.language)))
    return 0


def _follow(api: ApiClient, key: str, language: str) -> None:
    with Live(console=SCREEN, auto_refresh=False) as live:
        for results in api.follow(key, language):
            live.update(reading_of(results), refresh=True)
