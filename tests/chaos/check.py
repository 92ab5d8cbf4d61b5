"""What has to hold once everything is quiet again, each by a way of its own.

The ledger against the tables; the figures of the API against those of the events that were
accepted; `roundtable verify` against everything that is stored.
"""

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus

import httpx
import msgspec

from tests.chaos.company import LATE, METRIC, Company, Figures, figures_of
from tests.chaos.ledger import Foreign, Ledger
from tests.chaos.stack import Stack

_STORED = "SELECT id, count(*) FROM events WHERE source = %s GROUP BY id"
_LETTERS = "SELECT encode(sha256(raw), 'hex') FROM dead_letters"
_COUNTED = "SELECT sum(accepted) FROM partition_offsets WHERE topic = 'events'"
SHOWN = 5


def broken_promises(stack: Stack, company: Company, ledger: Ledger) -> list[str]:
    """Return a sentence for everything that does not hold."""
    accepted, foreign = ledger.read()
    numbers = {number for line in accepted for number in line.numbers}
    return [
        *_lost_or_doubled(stack, company, numbers, foreign),
        *_wrong_figures(stack, company, numbers),
        *_differences(stack),
    ]


def _lost_or_doubled(
    stack: Stack, company: Company, numbers: set[int], foreign: Sequence[Foreign]
) -> Iterator[str]:
    with stack.connect() as connection:
        stored: dict[str, int] = dict(connection.execute(_STORED, [company.source]).fetchall())
        letters = Counter(digest for (digest,) in connection.execute(_LETTERS))
        (counted,) = connection.execute(_COUNTED).fetchone() or (0,)
        (present,) = connection.execute("SELECT count(*) FROM events").fetchone() or (0,)
    lost = sorted(number for number in numbers if company.id_of(number) not in stored)
    if lost:
        yield f"lost: {len(lost)} of {len(numbers)} accepted events, such as {lost[:SHOWN]}"
    doubled = [event_id for event_id, times in stored.items() if times != 1]
    if doubled:
        yield f"doubled: {len(doubled)} events are stored more than once: {doubled[:SHOWN]}"
    unknown = [found for found in foreign if not _is_kept(found, stored, letters)]
    if unknown:
        yield f"lost: {len(unknown)} foreign records, such as {unknown[:SHOWN]}"
    if counted != present:
        yield f"counted: {counted} events are counted as accepted, {present} are stored"


def _is_kept(found: Foreign, stored: Mapping[str, int], letters: Mapping[str, int]) -> bool:
    if found.event_id is not None:
        return found.event_id in stored
    return found.digest in letters


def _wrong_figures(stack: Stack, company: Company, numbers: set[int]) -> Iterator[str]:
    expected = figures_of(company, numbers)
    for experiment in {experiment for experiment, _ in expected}:
        shown = _shown_figures(stack, experiment)
        if shown is None and experiment == LATE:
            continue  # no fault has registered it
        for (of, variant), figures in expected.items():
            if of == experiment and (shown or {}).get(variant) != figures:
                found = (shown or {}).get(variant)
                yield f"figures: {experiment}, {variant}: {found}, not {figures}"


def _shown_figures(stack: Stack, experiment: str) -> Mapping[str, Figures] | None:
    answer = httpx.get(
        f"{stack.addresses.http}/v1/experiments/{experiment}/results",
        headers={"authorization": f"Bearer {stack.addresses.token}"},
        timeout=60,
        trust_env=False,
    )
    if answer.status_code == HTTPStatus.NOT_FOUND:
        return None
    answer.raise_for_status()
    (metric,) = (found for found in answer.json()["metrics"] if found["metric"] == METRIC)
    return {arm["variant"]: _figures_of_arm(arm) for arm in metric["arms"]}


def _figures_of_arm(arm: Mapping[str, Mapping[str, int]]) -> Figures:
    parts = (arm["moments"], arm["moments_still_open"])
    return Figures(*(sum(int(part[name]) for part in parts) for name in ("n", "sum_y", "sum_yy")))


def _differences(stack: Stack) -> Iterator[str]:
    """Ask the command that everybody has."""
    environ = {
        **os.environ,
        "ROUNDTABLE_KAFKA": stack.kafka.address,
        "ROUNDTABLE_DATABASE": stack.postgres.conninfo,
    }
    command = [sys.executable, "-m", "cli", "verify", "--json"]
    answer = subprocess.run(command, env=environ, capture_output=True, check=False)
    if answer.returncode not in {0, 1}:
        yield f"verify: it could not be looked at: {answer.stderr.decode()[-2000:]}"
        return
    found = msgspec.json.decode(answer.stdout)
    if not found["is_clean"]:
        yield f"verify: {found['counts']}, such as {found['differences'][:SHOWN]}"
    elif answer.returncode != 0:
        yield f"verify: clean, and yet the exit code is {answer.returncode}"
