"""The jars on this machine: from the cache, else the local Maven repository, else downloaded.

Nothing is used whose checksum differs from the pinned one; a file appears whole or not at all.
"""

import os
import shutil
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import httpx

from cli.kafka_jars import Jar, sha256_of
from cli.maven_repository import Repository
from cli.stack_error import StackError

PARALLEL_DOWNLOADS = 6
ATTEMPTS = 4

Advance = Callable[[int], None]


class DownloadError(StackError):
    """A jar could not be had; the message names the address and what to do."""


class ChecksumError(StackError):
    """A repository served a file that is not the pinned one; it was thrown away."""


@dataclass(frozen=True)
class Sources:
    """Where jars may come from."""

    repository: Repository
    local_repository: Path
    pause_seconds: float = 1.0


def missing_jars(jars: Sequence[Jar], directory: Path) -> list[Jar]:
    """Return the jars that are not in the cache, or not as pinned."""
    return [jar for jar in jars if not _is_pinned(directory / jar.filename, jar)]


def fetch_jars(
    jars: Sequence[Jar], directory: Path, sources: Sources, advance: Advance = lambda _: None
) -> None:
    """Bring the jars into the cache, several at a time; `advance` is told of every byte."""
    directory.mkdir(parents=True, exist_ok=True)
    auth = _auth(sources.repository)
    with (
        httpx.Client(follow_redirects=True, timeout=60, auth=auth) as client,
        ThreadPoolExecutor(PARALLEL_DOWNLOADS) as pool,
    ):
        jobs = [pool.submit(_fetch, jar, directory, sources, client, advance) for jar in jars]
        try:
            for job in jobs:
                job.result()
        finally:
            pool.shutdown(cancel_futures=True)


def _auth(repository: Repository) -> tuple[str, str] | None:
    login = repository.login
    return (login.username, login.password) if login else None


def _fetch(
    jar: Jar, directory: Path, sources: Sources, client: httpx.Client, advance: Advance
) -> None:
    draft = directory / f".{jar.filename}.{os.getpid()}.part"
    local = sources.local_repository / jar.path
    try:
        if _is_pinned(local, jar):
            shutil.copyfile(local, draft)
            advance(jar.size)
        else:
            _download(f"{sources.repository.url}/{jar.path}", draft, sources, client, advance)
        if not _is_pinned(draft, jar):
            raise ChecksumError(_wrong_checksum(jar, draft, sources.repository))
        draft.replace(directory / jar.filename)
    finally:
        draft.unlink(missing_ok=True)


def _download(
    url: str, draft: Path, sources: Sources, client: httpx.Client, advance: Advance
) -> None:
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return _stream(url, draft, client, advance)
        except httpx.HTTPError as error:
            if attempt == ATTEMPTS or not _may_pass(error):
                raise DownloadError(_download_failed(url, error, sources.repository)) from error
        time.sleep(sources.pause_seconds * 2 ** (attempt - 1))
    raise AssertionError("every attempt returns or raises")


def _stream(url: str, draft: Path, client: httpx.Client, advance: Advance) -> None:
    received = 0
    try:
        with client.stream("GET", url) as response, draft.open("wb") as handle:
            response.raise_for_status()
            for chunk in response.iter_bytes():
                received += handle.write(chunk)
                advance(len(chunk))
    except httpx.HTTPError:
        advance(-received)
        raise


def _may_pass(error: httpx.HTTPError) -> bool:
    if isinstance(error, httpx.HTTPStatusError):
        return error.response.status_code in {408, 429, 500, 502, 503, 504}
    return isinstance(error, httpx.TransportError)


def _is_pinned(path: Path, jar: Jar) -> bool:
    try:
        return path.stat().st_size == jar.size and sha256_of(path) == jar.sha256
    except OSError:
        return False


def _download_failed(url: str, error: httpx.HTTPError, repository: Repository) -> str:
    return (
        f"{url} could not be downloaded: {error}\n"
        f"The repository is {repository.source}. Set ROUNDTABLE_MAVEN or a mirror in "
        "~/.m2/settings.xml to use another, or ROUNDTABLE_KAFKA to use a running cluster."
    )


def _wrong_checksum(jar: Jar, draft: Path, repository: Repository) -> str:
    return (
        f"{jar.filename} from {repository.url} ({repository.source}) has the SHA-256 "
        f"{sha256_of(draft)} where {jar.sha256} is pinned. It was not kept; "
        "ask whoever runs that repository what it serves."
    )
