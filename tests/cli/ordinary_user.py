"""Running the program as a person who is not root, also when the tests themselves run as root."""

import os
import pwd
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from cli.postgres_place import can_reach
from cli.processes import Credentials

NEEDED_CAPABILITY = "dac_read_search"


@dataclass(frozen=True)
class OrdinaryUser:
    """Whom to run as, and the words before a command that make it so."""

    uid: int
    prefix: tuple[str, ...] = ()

    def own(self, directory: Path) -> None:
        """Give a directory and all in it to this user."""
        if self.prefix:
            for path in (directory, *directory.rglob("*")):
                shutil.chown(path, self.uid, pwd.getpwuid(self.uid).pw_gid)


def ordinary_user() -> OrdinaryUser:
    """Return ourselves, or `nobody` when we are root."""
    if os.geteuid() != 0:
        return OrdinaryUser(os.geteuid())
    entry = pwd.getpwnam("nobody")
    drop = ("setpriv", f"--reuid={entry.pw_uid}", f"--regid={entry.pw_gid}", "--clear-groups")
    return OrdinaryUser(entry.pw_uid, (*drop, *_reading(Credentials(entry.pw_uid, entry.pw_gid))))


def _reading(user: Credentials) -> tuple[str, ...]:
    """Let the user read an interpreter that lies in root's home; it writes no more than others."""
    if can_reach(Path(sys.executable).resolve().parent, user):
        return ()
    capability = f"+{NEEDED_CAPABILITY}"
    return (f"--inh-caps={capability}", f"--ambient-caps={capability}")
