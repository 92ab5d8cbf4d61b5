"""Jars are had from the nearest place, checked against the list, and never half there."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.jar_cache import ChecksumError, DownloadError, Sources, fetch_jars, missing_jars
from cli.kafka_jars import Jar
from cli.maven_repository import Login, Repository
from tests.cli.http_repository import HttpRepository, serving

CONTENT = b"PK the content of a jar" * 1000
JAR = Jar("org.example", "broker", "1.0", hashlib.sha256(CONTENT).hexdigest(), len(CONTENT))
PATH = "org/example/broker/1.0/broker-1.0.jar"


@pytest.fixture
def repository() -> Iterator[HttpRepository]:
    with serving(HttpRepository({PATH: CONTENT})) as running:
        yield running


def _sources(repository: HttpRepository, local: Path, login: Login | None = None) -> Sources:
    return Sources(Repository(repository.url, "a test", login), local, pause_seconds=0.01)


def test_a_missing_jar_is_downloaded_whole(repository: HttpRepository, tmp_path: Path) -> None:
    received: list[int] = []

    fetch_jars([JAR], tmp_path, _sources(repository, tmp_path / "m2"), received.append)

    assert (tmp_path / "broker-1.0.jar").read_bytes() == CONTENT
    assert sum(received) == len(CONTENT)
    assert missing_jars([JAR], tmp_path) == []


def test_a_jar_with_another_checksum_is_refused_and_not_kept(
    repository: HttpRepository, tmp_path: Path
) -> None:
    repository.files[PATH] = b"X" + CONTENT[1:]

    with pytest.raises(ChecksumError, match=JAR.sha256):
        fetch_jars([JAR], tmp_path, _sources(repository, tmp_path / "m2"))

    assert list(tmp_path.iterdir()) == []


def test_a_truncated_jar_is_refused(repository: HttpRepository, tmp_path: Path) -> None:
    repository.files[PATH] = CONTENT[:-1]

    with pytest.raises(ChecksumError):
        fetch_jars([JAR], tmp_path, _sources(repository, tmp_path / "m2"))


def test_a_busy_repository_is_asked_again(repository: HttpRepository, tmp_path: Path) -> None:
    repository.failures = [503, 429]

    fetch_jars([JAR], tmp_path, _sources(repository, tmp_path / "m2"))

    assert repository.asked == [PATH] * 3
    assert missing_jars([JAR], tmp_path) == []


def test_a_repository_that_stays_busy_is_given_up_on(
    repository: HttpRepository, tmp_path: Path
) -> None:
    repository.failures = [503] * 10

    with pytest.raises(DownloadError, match="ROUNDTABLE_MAVEN"):
        fetch_jars([JAR], tmp_path, _sources(repository, tmp_path / "m2"))

    assert repository.asked == [PATH] * 4


def test_a_jar_that_does_not_exist_is_not_asked_for_again(
    repository: HttpRepository, tmp_path: Path
) -> None:
    repository.files.clear()

    with pytest.raises(DownloadError, match="404"):
        fetch_jars([JAR], tmp_path, _sources(repository, tmp_path / "m2"))

    assert repository.asked == [PATH]


def test_the_login_of_a_mirror_is_sent(repository: HttpRepository, tmp_path: Path) -> None:
    sources = _sources(repository, tmp_path / "m2", Login("reader", "s3cret"))

    fetch_jars([JAR], tmp_path, sources)

    assert repository.logins == ["reader:s3cret"]
    assert "s3cret" not in repr(sources)


def test_a_jar_in_the_local_maven_repository_is_not_downloaded(
    repository: HttpRepository, tmp_path: Path
) -> None:
    local = tmp_path / "m2" / PATH
    local.parent.mkdir(parents=True)
    local.write_bytes(CONTENT)

    fetch_jars([JAR], tmp_path / "cache", _sources(repository, tmp_path / "m2"))

    assert repository.asked == []
    assert missing_jars([JAR], tmp_path / "cache") == []


def test_a_different_jar_in_the_local_maven_repository_is_passed_over(
    repository: HttpRepository, tmp_path: Path
) -> None:
    local = tmp_path / "m2" / PATH
    local.parent.mkdir(parents=True)
    local.write_bytes(b"X" + CONTENT[1:])

    fetch_jars([JAR], tmp_path / "cache", _sources(repository, tmp_path / "m2"))

    assert repository.asked == [PATH]


def test_a_damaged_jar_in_the_cache_counts_as_missing(tmp_path: Path) -> None:
    (tmp_path / JAR.filename).write_bytes(b"X" + CONTENT[1:])

    assert missing_jars([JAR], tmp_path) == [JAR]
