"""Apache Kafka's jars: a committed list of pinned coordinates and checksums, and how it is made.

`python -m cli.kafka_jars lock` resolves the roots anew and rewrites the list.
"""

import hashlib
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from cli.stack_error import StackError

ROOTS = (
    "org.apache.kafka:kafka_2.13:4.1.1",
    # Kafka logs through SLF4J and brings no binding of its own.
    "org.apache.logging.log4j:log4j-slf4j-impl:2.24.3",
)
LOCK_FILE = Path(__file__).with_name("kafka_jars.lock")


class LockFileError(StackError):
    """The list of jars holds a line that is not `group:artifact:version sha256 bytes`."""


@dataclass(frozen=True)
class Jar:
    """One pinned jar: its coordinate, its checksum and its size."""

    group: str
    artifact: str
    version: str
    sha256: str
    size: int

    @property
    def filename(self) -> str:
        """The name of the file, in every Maven repository and in our cache."""
        return f"{self.artifact}-{self.version}.jar"

    @property
    def path(self) -> str:
        """The place of the file below the root of a Maven repository."""
        group = self.group.replace(".", "/")
        return f"{group}/{self.artifact}/{self.version}/{self.filename}"


def read_lock(text: str) -> tuple[Jar, ...]:
    """Parse the list; comments and empty lines are skipped, anything else must be a jar."""
    lines = (line.partition("#")[0].split() for line in text.splitlines())
    return tuple(_jar(fields) for fields in lines if fields)


def pinned_jars() -> tuple[Jar, ...]:
    """Return the committed list."""
    return read_lock(LOCK_FILE.read_text())


def sha256_of(path: Path) -> str:
    """Return the checksum of a file as the list writes it."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _jar(fields: list[str]) -> Jar:
    match fields:
        case [coordinate, sha256, size] if len(sha256) == 64 and size.isdecimal():
            match coordinate.split(":"):
                case [group, artifact, version]:
                    return Jar(group, artifact, version, sha256, int(size))
    raise LockFileError(f"Not `group:artifact:version sha256 bytes`: {' '.join(fields)!r}")


def resolve_lock() -> str:
    """Resolve the roots with jgo and return the text of a new list."""
    from jgo.maven import MavenContext  # noqa: PLC0415 - needed by maintainers only

    with tempfile.TemporaryDirectory() as cache:
        context = MavenContext(repo_cache=Path(cache), timeout=60)
        roots = [context.create_dependency(root) for root in ROOTS]
        for root in roots:
            # Otherwise jgo lets one root's dependency management choose the versions of another.
            root.raw = True
        resolved, transitive = context.resolver.resolve(roots)
        lines = sorted(_locked(dependency.artifact) for dependency in [*resolved, *transitive])
    header = "# Written by `python -m cli.kafka_jars lock`: group:artifact:version sha256 bytes\n"
    return header + "".join(f"{line}\n" for line in lines)


def _locked(artifact: object) -> str:
    path = Path(artifact.resolve())  # type: ignore[attr-defined]
    coordinate = ":".join((artifact.groupId, artifact.artifactId, artifact.version))  # type: ignore[attr-defined]
    return f"{coordinate} {sha256_of(path)} {path.stat().st_size}"


if __name__ == "__main__":
    if sys.argv[1:] != ["lock"]:
        sys.exit("usage: python -m cli.kafka_jars lock")
    LOCK_FILE.write_text(resolve_lock())
