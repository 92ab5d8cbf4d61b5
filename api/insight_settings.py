"""Settings of insights: when a review that waits for somebody is reminded of."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

REMINDERS = "ROUNDTABLE_REVIEW_REMINDERS"
NEVER = "never"
DEFAULT = "3,1"
MOST_DAYS = 60
_PURPOSE = (
    "days before the deadline of a review at which a side that has not written is reminded, "
    f"separated by commas, or {NEVER}"
)
VARIABLES = ((REMINDERS, DEFAULT, _PURPOSE),)


class InsightSettingError(ValueError):
    """A setting of insights holds a value that cannot be used."""


@dataclass(frozen=True, slots=True)
class ReviewReminders:
    """How long before its deadline a review is reminded of, the longest time first."""

    before: tuple[timedelta, ...] = (timedelta(days=3), timedelta(days=1))

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "ReviewReminders":
        """Read the variable. Raises InsightSettingError."""
        text = environ.get(REMINDERS) or DEFAULT
        if text == NEVER:
            return cls(())
        days = [part.strip() for part in text.split(",")]
        if not all(_is_usable(day) for day in days) or len(set(map(_days, days))) < len(days):
            raise InsightSettingError(
                f"{REMINDERS} is {text!r}; it must be {NEVER}, or different whole numbers of days "
                f"from 1 to {MOST_DAYS}, separated by commas."
            )
        return cls(tuple(sorted((timedelta(days=_days(day)) for day in days), reverse=True)))

    @property
    def longest(self) -> timedelta:
        """How long before a deadline somebody has to look at it first."""
        return max(self.before, default=timedelta())


USUAL = ReviewReminders()


def _days(text: str) -> int:
    return int(text)


def _is_usable(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 4 and 1 <= int(text) <= MOST_DAYS
