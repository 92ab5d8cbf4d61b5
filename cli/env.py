"""`roundtable env`: addresses and token of the running stack, as a shell reads them."""

import argparse
import shlex

from api.sign_in_settings import PUBLIC_URL
from cli.data_dir import add_data_dir
from cli.reporting import OUTPUT
from cli.stack import NoStackError, find


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_data_dir(parser)


def run(args: argparse.Namespace) -> int:
    """Print exports, for `eval "$(roundtable env)"`."""
    stack = find(args.data_dir)
    if stack is None or stack.http is None:
        raise NoStackError(
            f"No API runs for {args.data_dir}. Start it with `roundtable up`, or name its place "
            f"with --data-dir."
        )
    OUTPUT.print(f"export ROUNDTABLE_URL={shlex.quote(stack.http)}", markup=False)
    OUTPUT.print(f"export ROUNDTABLE_TOKEN={shlex.quote(stack.token)}", markup=False)
    if stack.public_url is not None:
        OUTPUT.print(f"export {PUBLIC_URL}={shlex.quote(stack.public_url)}", markup=False)
    return 0
