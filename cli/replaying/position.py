"""How far a replay got, kept in one small file per replay: written after every batch taken."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import msgspec

from cli.data_dir import write_private
from cli.replaying.feed import Choice
from cli.replaying.targets import Answer

_CHUNK = 1 << 20


class Position(msgspec.Struct, frozen=True, kw_only=True):
    """Events at the head of the feed that were answered, and what the answers were."""

    events: int = 0
    accepted: int = 0
    refused: dict[str, int] = {}

    def after(self, sent: int, answer: Answer) -> "Position":
        """Return the position behind one more batch."""
        refused = dict(self.refused)
        for event in answer.refused:
            refused[event.reason] = refused.get(event.reason, 0) + 1
        return Position(
            events=self.events + sent, accepted=self.accepted + answer.accepted, refused=refused
        )


@dataclass(frozen=True)
class PositionFile:
    """The file of one replay: the same rows by the same mapping to the same target."""

    path: Path

    def read(self) -> Position:
        """Return the position to continue from: the start where none was kept."""
        try:
            return msgspec.json.decode(self.path.read_bytes(), type=Position)
        except (FileNotFoundError, msgspec.DecodeError):
            # A file that cannot be read costs time, never an event: sending again adds nothing.
            return Position()

    def write(self, position: Position) -> None:
        """Keep the position, in one step."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        write_private(self.path, msgspec.json.encode(position).decode())

    def remove(self) -> None:
        """Forget the position: the next replay starts anew."""
        self.path.unlink(missing_ok=True)


def position_file(
    directory: Path, file: Path, mapping_digest: str, target: str, choice: Choice
) -> PositionFile:
    """Return the file that belongs to a replay."""
    identity = "\n".join((digest_of(file), mapping_digest, target, repr(choice)))
    return PositionFile(directory / f"{hashlib.sha256(identity.encode()).hexdigest()[:32]}.json")


def digest_of(file: Path) -> str:
    """Return the SHA-256 of a file's bytes."""
    digest = hashlib.sha256()
    with file.open("rb") as content:
        while chunk := content.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
