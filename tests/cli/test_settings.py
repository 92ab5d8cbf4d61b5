"""The environment is read once, with defaults that work and errors that name the variable."""

from pathlib import Path
from typing import ClassVar

import pytest

from cli.settings import VARIABLES, SettingError, Settings


def test_an_empty_environment_gives_a_stack_of_our_own() -> None:
    settings = Settings.from_env({})

    assert (settings.kafka, settings.database) == (None, None)
    assert (settings.kafka_port, settings.database_port, settings.http_port) == (9092, 5432, 8000)


def test_an_empty_variable_counts_as_not_set() -> None:
    assert Settings.from_env({variable.name: "" for variable in VARIABLES}) == Settings()


def test_other_services_are_taken_from_the_environment() -> None:
    settings = Settings.from_env({"ROUNDTABLE_KAFKA": "k:9092", "ROUNDTABLE_DATABASE": "host=d"})

    assert (settings.kafka, settings.database) == ("k:9092", "host=d")


@pytest.mark.parametrize("port", ["0", "65536", "-1", "http", "80.5"])
@pytest.mark.parametrize("name", ["HTTP_PORT", "KAFKA_PORT", "DATABASE_PORT"])
def test_a_port_that_is_none_is_refused_by_name(name: str, port: str) -> None:
    with pytest.raises(SettingError, match=f"ROUNDTABLE_{name} is '{port}'"):
        Settings.from_env({f"ROUNDTABLE_{name}": port})


def test_the_cache_follows_the_desktop_s_convention() -> None:
    assert Settings.from_env({"XDG_CACHE_HOME": "/x"}).cache == Path("/x/roundtable")
    assert Settings.from_env({"ROUNDTABLE_CACHE": "/y"}).cache == Path("/y")


def test_every_variable_that_is_read_is_listed_for_the_help() -> None:
    class Recording(dict[str, str]):
        asked: ClassVar[set[str]] = set()

        def get(self, key: str, default: object = None) -> object:  # type: ignore[override]
            self.asked.add(key)
            return default

    Settings.from_env(Recording())

    ours = {name for name in Recording.asked if name.startswith("ROUNDTABLE_")}
    assert ours == {variable.name for variable in VARIABLES}


def test_the_number_of_api_processes_is_one_unless_given() -> None:
    assert Settings.from_env({}).api_processes == 1
    assert Settings.from_env({"ROUNDTABLE_API_PROCESSES": "2"}).api_processes == 2


@pytest.mark.parametrize("text", ["0", "many", "257"])
def test_a_number_of_api_processes_that_cannot_be_run_is_refused(text: str) -> None:
    with pytest.raises(SettingError, match="ROUNDTABLE_API_PROCESSES"):
        Settings.from_env({"ROUNDTABLE_API_PROCESSES": text})
