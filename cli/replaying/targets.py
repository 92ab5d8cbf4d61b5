"""Where events go: what a target promises and what it answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from cli.stack_error import StackError


class TargetError(StackError):
    """A target takes nothing more; the message says why and that the replay can be continued."""


@dataclass(frozen=True)
class RefusedEvent:
    """An event that the target refused, with the field and the rule that it named."""

    event: bytes
    field: str
    rule: str
    detail: str = ""

    @property
    def reason(self) -> str:
        """What all events refused for the same rule have in common."""
        return f"{self.field}: {self.rule}"


@dataclass(frozen=True)
class Answer:
    """What became of a batch: every event of it is counted in one of the two."""

    accepted: int
    refused: tuple[RefusedEvent, ...] = ()

    def __add__(self, other: "Answer") -> "Answer":
        """Return the answer for both batches."""
        return Answer(self.accepted + other.accepted, self.refused + other.refused)


class Target(Protocol):
    """Takes batches of events; several may be on their way at a time."""

    @property
    def name(self) -> str:
        """What the position of a replay is kept under, beside its file and mapping."""

    async def send(self, batch: Sequence[bytes]) -> Answer:
        """Return once every event is safe or refused; retry what may pass; else TargetError."""
