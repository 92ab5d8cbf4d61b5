"""Numbers on the command line, refused with the rule that they break."""

import argparse
import re

_RATE = re.compile(r"(\d+(?:\.\d+)?)(?:/s)?")


def positive(text: str) -> int:
    """Read a whole number of at least 1."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number of at least 1")
    return int(text)


def rate(text: str) -> float:
    """Read a number per second, written `500` or `500/s`."""
    match = _RATE.fullmatch(text)
    if match is None or float(match[1]) <= 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no rate such as 500/s")
    return float(match[1])
