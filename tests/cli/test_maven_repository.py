"""A configured Maven mirror is honoured, in Maven's own words and order."""

from pathlib import Path

import pytest

from cli.maven_repository import (
    Login,
    MavenSettings,
    MavenSettingsError,
    Repository,
    choose_repository,
    read_settings,
    settings_files,
)

MIRROR = """\
<settings xmlns="http://maven.apache.org/SETTINGS/1.2.0">
  <localRepository>${{user.home}}/elsewhere</localRepository>
  <servers><server><id>corp</id><username>${{env.NAME}}</username><password>p</password></server></servers>
  <mirrors>
    <mirror><id>corp</id><url>https://maven.corp.example/all/</url><mirrorOf>{of}</mirrorOf></mirror>
  </mirrors>
</settings>
"""


def _settings(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "settings.xml"
    path.write_text(text)
    return path


@pytest.mark.parametrize("of", ["central", "*", "external:*", "snapshots, central", "*,!snapshots"])
def test_a_mirror_of_central_is_used(tmp_path: Path, of: str) -> None:
    path = _settings(tmp_path, MIRROR.format(of=of))

    repository = choose_repository(None, [read_settings(path, {"NAME": "reader"})])

    assert repository.url == "https://maven.corp.example/all"
    assert repository.login == Login("reader", "p")
    assert str(path) in repository.source


@pytest.mark.parametrize("of", ["snapshots", "*,!central", ""])
def test_a_mirror_of_something_else_is_not_used(tmp_path: Path, of: str) -> None:
    settings = read_settings(_settings(tmp_path, MIRROR.format(of=of)), {})

    assert settings.mirror is None
    assert choose_repository(None, [settings]).source == "Maven Central"


def test_the_environment_comes_before_a_mirror() -> None:
    settings = MavenSettings(mirror=Repository("https://mirror.example", "a mirror"))

    repository = choose_repository("https://chosen.example/maven2/", [settings])

    assert repository.url == "https://chosen.example/maven2"


def test_the_user_s_mirror_comes_before_the_installation_s() -> None:
    user = MavenSettings(mirror=Repository("https://user.example", "user"))
    installed = MavenSettings(mirror=Repository("https://installed.example", "installation"))

    assert choose_repository(None, [user, installed]).url == "https://user.example"


def test_the_local_repository_of_the_settings_is_read(tmp_path: Path) -> None:
    settings = read_settings(_settings(tmp_path, MIRROR.format(of="other")), {})

    assert settings.local_repository == Path.home() / "elsewhere"


def test_no_settings_file_says_nothing(tmp_path: Path) -> None:
    assert read_settings(tmp_path / "settings.xml", {}) == MavenSettings()


def test_a_broken_settings_file_is_named(tmp_path: Path) -> None:
    path = _settings(tmp_path, "<settings>")

    with pytest.raises(MavenSettingsError, match=str(path)):
        read_settings(path, {})


def test_an_unset_variable_of_the_settings_is_named(tmp_path: Path) -> None:
    path = _settings(tmp_path, MIRROR.format(of="central"))

    with pytest.raises(MavenSettingsError, match=r"\$\{env\.NAME\}"):
        read_settings(path, {})


def test_a_mirror_that_is_no_web_address_is_refused(tmp_path: Path) -> None:
    text = MIRROR.format(of="central").replace("https://maven.corp.example/all/", "file:/repo")

    with pytest.raises(MavenSettingsError, match="no http"):
        read_settings(_settings(tmp_path, text), {"NAME": "reader"})


def test_the_installation_s_settings_are_looked_for_where_maven_home_points() -> None:
    files = settings_files({"MAVEN_HOME": "/opt/maven"}, Path("/home/ann"))

    assert files == [
        Path("/home/ann/.m2/settings.xml"),
        Path("/opt/maven/conf/settings.xml"),
        Path("/etc/maven/settings.xml"),
    ]
