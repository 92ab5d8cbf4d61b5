"""Which Maven repository serves the jars: the one asked for, a mirror, else Maven Central."""

import xml.etree.ElementTree as ET
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from jgo.constants import MAVEN_CENTRAL_URL

from cli.stack_error import StackError

CENTRAL_ID = "central"


class MavenSettingsError(StackError):
    """A settings.xml could not be read or names a mirror that cannot be used."""


@dataclass(frozen=True)
class Login:
    """Name and password of a repository; never shown."""

    username: str
    password: str

    def __repr__(self) -> str:
        return f"Login({self.username!r}, ...)"


@dataclass(frozen=True)
class Repository:
    """Where to download from, and who says so."""

    url: str
    source: str
    login: Login | None = None


@dataclass(frozen=True)
class MavenSettings:
    """What one settings.xml says about Maven Central and about the local repository."""

    mirror: Repository | None = None
    local_repository: Path | None = None


def choose_repository(chosen: str | None, settings: Iterable[MavenSettings]) -> Repository:
    """Pick the repository: the explicit choice, the first mirror of central, Maven Central."""
    if chosen is not None:
        return Repository(chosen.rstrip("/"), "ROUNDTABLE_MAVEN")
    for one in settings:
        if one.mirror is not None:
            return one.mirror
    return Repository(MAVEN_CENTRAL_URL, "Maven Central")


def settings_files(environ: Mapping[str, str], home: Path) -> list[Path]:
    """List the settings.xml of the user and of the Maven installation, in Maven's order."""
    user = [home / ".m2" / "settings.xml"]
    maven_home = environ.get("MAVEN_HOME") or environ.get("M2_HOME")
    installed = [Path(maven_home) / "conf" / "settings.xml"] if maven_home else []
    return [*user, *installed, Path("/etc/maven/settings.xml")]


def read_settings(path: Path, environ: Mapping[str, str]) -> MavenSettings:
    """Read one settings.xml; a missing file says nothing, a broken one is an error."""
    if not path.is_file():
        return MavenSettings()
    try:
        root = ET.fromstring(path.read_text())  # noqa: S314 - the user's own configuration
    except ET.ParseError as error:
        raise MavenSettingsError(f"{path} is not valid XML: {error}") from error
    _drop_namespaces(root)
    local = root.findtext("localRepository")
    return MavenSettings(
        mirror=_mirror_of_central(root, path, environ),
        local_repository=Path(_filled(local.strip(), path, environ)) if local else None,
    )


def _mirror_of_central(
    root: ET.Element, path: Path, environ: Mapping[str, str]
) -> Repository | None:
    for mirror in root.iterfind("mirrors/mirror"):
        if _covers_central(mirror.findtext("mirrorOf") or ""):
            name = (mirror.findtext("id") or "").strip()
            url = _filled((mirror.findtext("url") or "").strip(), path, environ).rstrip("/")
            if not url.startswith(("http://", "https://")):
                raise MavenSettingsError(f"{path}: mirror {name!r} has no http(s) url: {url!r}")
            return Repository(url, f"mirror {name!r} of {path}", _login(root, name, path, environ))
    return None


def _covers_central(pattern: str) -> bool:
    names = {part.strip() for part in pattern.split(",")}
    if f"!{CENTRAL_ID}" in names:
        return False
    return bool(names & {CENTRAL_ID, "*", "external:*"})


def _login(root: ET.Element, name: str, path: Path, environ: Mapping[str, str]) -> Login | None:
    for server in root.iterfind("servers/server"):
        if (server.findtext("id") or "").strip() == name and server.findtext("username"):
            return Login(
                _filled(server.findtext("username") or "", path, environ),
                _filled(server.findtext("password") or "", path, environ),
            )
    return None


def _filled(text: str, path: Path, environ: Mapping[str, str]) -> str:
    """Put in what Maven would: ${env.NAME} and ${user.home}."""
    before, opened, rest = text.partition("${")
    if not opened:
        return text
    name, _, after = rest.partition("}")
    value = str(Path.home()) if name == "user.home" else environ.get(name.removeprefix("env."))
    if value is None:
        raise MavenSettingsError(f"{path} uses ${{{name}}}, which is not set.")
    return before + value + _filled(after, path, environ)


def _drop_namespaces(root: ET.Element) -> None:
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
