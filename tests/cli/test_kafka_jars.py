"""The list of jars is complete, pinned, and refuses what it cannot check."""

import pytest

from cli.kafka_jars import LOCK_FILE, ROOTS, LockFileError, pinned_jars, read_lock


def test_the_roots_are_in_the_list_with_their_versions() -> None:
    pinned = {f"{jar.group}:{jar.artifact}:{jar.version}" for jar in pinned_jars()}

    assert set(ROOTS) <= pinned


def test_kafka_s_own_jars_all_have_one_version() -> None:
    versions = {jar.version for jar in pinned_jars() if jar.group == "org.apache.kafka"}

    assert versions == {"4.1.1"}


def test_no_artifact_is_listed_twice() -> None:
    names = [(jar.group, jar.artifact) for jar in pinned_jars()]

    assert len(names) == len(set(names))


def test_the_list_names_no_host() -> None:
    assert "://" not in LOCK_FILE.read_text()


def test_a_jar_lies_where_maven_puts_it() -> None:
    (jar,) = read_lock(f"org.example.deep:broker:1.0 {'a' * 64} 12")

    assert jar.path == "org/example/deep/broker/1.0/broker-1.0.jar"


@pytest.mark.parametrize(
    "line",
    [
        "org.example:broker:1.0",
        f"org.example:broker {'a' * 64} 12",
        "org.example:broker:1.0 abc 12",
        f"org.example:broker:1.0 {'a' * 64} many",
    ],
)
def test_a_line_without_coordinate_checksum_and_size_is_refused(line: str) -> None:
    with pytest.raises(LockFileError, match=r"org\.example"):
        read_lock(line)
