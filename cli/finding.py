"""One line of what `roundtable doctor` found."""

from typing import Literal

import msgspec

Verdict = Literal["ok", "problem", "skipped"]


class Finding(msgspec.Struct, frozen=True):
    """What was looked at, the verdict, what was seen, and for a problem what to do."""

    check: str
    verdict: Verdict
    detail: str
    advice: str | None = None


def fine(check: str, detail: str) -> Finding:
    """Nothing to do."""
    return Finding(check, "ok", detail)


def problem(check: str, detail: str, advice: str) -> Finding:
    """Something is wrong; the advice says what to do."""
    return Finding(check, "problem", detail, advice)


def skipped(check: str, reason: str) -> Finding:
    """It was not looked at, and why."""
    return Finding(check, "skipped", reason)
