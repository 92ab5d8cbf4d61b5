"""Having Kafka's jars on this machine: says what it downloads from where, with a progress bar."""

import os
from collections.abc import Sequence
from pathlib import Path

from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from cli.jar_cache import Sources, fetch_jars, missing_jars
from cli.kafka_jars import Jar, pinned_jars
from cli.maven_repository import (
    MavenSettings,
    choose_repository,
    read_settings,
    settings_files,
)
from cli.reporting import CONSOLE, Report, silent
from cli.settings import Settings


def installed_jars(settings: Settings, report: Report = silent) -> list[Path]:
    """Return the paths of all jars, downloading those that the cache does not hold."""
    jars = pinned_jars()
    directory = jar_directory(settings)
    missing = missing_jars(jars, directory)
    if missing:
        sources = maven_sources(settings)
        report(_announcement(missing, sources))
        _fetch_with_progress(missing, directory, sources)
    return [directory / jar.filename for jar in jars]


def jar_directory(settings: Settings) -> Path:
    """Return the cache's folder of jars."""
    return settings.cache / "jars"


def maven_sources(settings: Settings) -> Sources:
    """Return where this machine's jars come from, as its Maven configuration says."""
    home = Path.home()
    found = [read_settings(path, os.environ) for path in settings_files(os.environ, home)]
    return Sources(choose_repository(settings.maven, found), _local_repository(found, home))


def _local_repository(found: Sequence[MavenSettings], home: Path) -> Path:
    for one in found:
        if one.local_repository is not None:
            return one.local_repository
    return home / ".m2" / "repository"


def _announcement(missing: Sequence[Jar], sources: Sources) -> str:
    megabytes = sum(jar.size for jar in missing) / 1e6
    return (
        f"Getting Apache Kafka: {len(missing)} files, {megabytes:.0f} MB, "
        f"from {sources.repository.source} ({sources.repository.url})"
    )


def _fetch_with_progress(missing: Sequence[Jar], directory: Path, sources: Sources) -> None:
    columns = (
        TextColumn("  {task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=CONSOLE, transient=True) as progress:
        task = progress.add_task("Apache Kafka", total=sum(jar.size for jar in missing))
        fetch_jars(missing, directory, sources, lambda count: progress.advance(task, count))
