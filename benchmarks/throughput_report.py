"""Writes what the throughput benchmark measured: a table in Markdown and a picture."""

import os
import platform
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.contenders import Contender
from benchmarks.expected import PHASES
from benchmarks.load import Load
from benchmarks.phase_rates import Rate
from benchmarks.throughput_run import Measured
from cli.reporting import to_console

SUSTAINED = "touches"
PROMISED = 30_000
"""Events a second through the phase that is sustained."""
_ABSENT = "–"
_TERMS = """\
The others do the same job, each as its users would tune it, and with these favours: they check no
event beyond the types of the fields they read; they read no history, so an exposure that comes late
is not re-evaluated; they settle no contacts, keep no dead letters, and know one kind of metric and
one set of definitions; they commit seldom and in bulk; where they are set to the begin of a phase,
their table of events starts empty. Like ours they store each event once by source and id, find an
account's events by an index, leave out what Kafka delivers twice, and move offsets in the
transaction of the sums. A factor is between contenders of as many processes."""


def is_kept(measured: Sequence[Measured]) -> bool:
    """Tell whether ours was fast enough, by itself and beside each of the others."""
    return all(kept for _, kept in _promises(measured))


def write_report(measured: Sequence[Measured], load: Load, directory: Path) -> None:
    """Write throughput.md and throughput.png."""
    directory.mkdir(exist_ok=True)
    text = "\n".join(_lines(measured, load))
    (directory / "throughput.md").write_text(text + "\n")
    _draw(measured, directory / "throughput.png")
    to_console(text)


def _lines(measured: Sequence[Measured], load: Load) -> Iterator[str]:
    today = datetime.now(UTC).date().isoformat()
    yield f"# Throughput, measured on {today}"
    yield ""
    yield (
        f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}; the "
        "worker under test, Kafka and PostgreSQL share the machine. Written by "
        "`python -m benchmarks.throughput`."
    )
    yield ""
    yield (
        f"{load.accounts:,} accounts, {load.experiments} running experiments of which an event "
        f"touches {load.touching}. In the topic beforehand: {load.exposures:,} exposures, then "
        f"{load.touches:,} touches of accounts that are exposed, then {load.mixed:,} events of "
        f"which {load.exposure_share:.0%} expose accounts that are new. Each contender ran alone, "
        "and came to the sums that follow from the load, in every cell and to the last unit, with "
        "each event stored once. Events a second are from the topic to the commit."
    )
    yield ""
    yield from _speeds(measured)
    yield ""
    yield from _costs(measured)
    yield ""
    yield _TERMS.replace("\n", " ")
    yield ""
    for promise, kept in _promises(measured):
        yield f"- {promise}: {'kept' if kept else '**not kept**'}"
    yield ""
    yield "![Events a second, by contender and phase](throughput.png)"


def _speeds(measured: Sequence[Measured]) -> Iterator[str]:
    yield f"| events/s | {' | '.join(PHASES)} | ours is faster by | largest worker |"
    yield f"|---|{'--:|' * (len(PHASES) + 2)}"
    for one in measured:
        speeds = [_speed(one.rates.get(phase)) for phase in PHASES]
        factor = None if one.contender.is_ours else _factor(one, measured)
        beside = _ABSENT if factor is None else f"{factor:.1f}"
        memory = f"{one.memory_mib:,.0f} MiB"
        yield f"| {one.contender.title} | {' | '.join(speeds)} | {beside} | {memory} |"


def _speed(rate: Rate | None) -> str:
    return _ABSENT if rate is None else f"{rate.per_second:,.0f}"


def _costs(measured: Sequence[Measured]) -> Iterator[str]:
    yield (
        f"| µs of processor time per event, {SUSTAINED} | workers | PostgreSQL | Kafka "
        "| longest without a commit |"
    )
    yield "|---|--:|--:|--:|--:|"
    for one in measured:
        rate = one.rates.get(SUSTAINED)
        if rate is None:
            continue
        parts = (rate.cpu.workers, rate.cpu.postgres, rate.cpu.broker)
        costs = " | ".join(f"{rate.microseconds(seconds):.1f}" for seconds in parts)
        yield f"| {one.contender.title} | {costs} | {rate.longest_seconds:.1f} s |"


def _promises(measured: Sequence[Measured]) -> Iterator[tuple[str, bool]]:
    """Yield each promise, with whether it was kept: what was not measured was not.

    A peer is compared with ours by as many processes, in the phase that is sustained.
    """
    ours = [one for one in measured if one.contender.is_ours and SUSTAINED in one.rates]
    if ours:
        best = max((one.rates[SUSTAINED] for one in ours), key=lambda rate: rate.per_second)
        said = f"{best.per_second:,.0f} over {best.seconds:,.0f} s"
        yield f"{PROMISED:,} events/s: {said}", best.per_second >= PROMISED
    for one in measured:
        factor, promised = _factor(one, measured), one.contender.factor
        if promised is not None:
            said = "not measured" if factor is None else f"{factor:.1f} times"
            yield f"{promised:g} times {one.contender.title}: {said}", (factor or 0) >= promised


def _factor(peer: Measured, measured: Sequence[Measured]) -> float | None:
    """Return how many times as fast ours is by as many processes."""
    for one in measured:
        is_beside = one.contender.is_ours and _same_size(one.contender, peer.contender)
        if is_beside and SUSTAINED in one.rates and SUSTAINED in peer.rates:
            return one.rates[SUSTAINED].per_second / peer.rates[SUSTAINED].per_second
    return None


def _same_size(ours: Contender, peer: Contender) -> bool:
    return ours.processes == peer.processes


def _draw(measured: Sequence[Measured], path: Path) -> None:
    from matplotlib.figure import Figure  # noqa: PLC0415 - slow to load, and only at the end

    figure = Figure(figsize=(9, 1.2 + 0.55 * len(measured)), layout="constrained")
    axes = figure.subplots()
    height = 0.8 / len(PHASES)
    for number, phase in enumerate(PHASES):
        rates = [one.rates.get(phase) for one in measured]
        speeds = [rate.per_second if rate else 0.0 for rate in rates]
        places = [row + (number - 1) * height for row in range(len(measured))]
        bars = axes.barh(places, speeds, height=height, label=phase)
        labels = [f"{speed:,.0f}" if speed else "not measured" for speed in speeds]
        axes.bar_label(bars, labels=labels, padding=3, fontsize=7)
    axes.set_yticks(range(len(measured)), [one.contender.title for one in measured])
    axes.invert_yaxis()
    axes.axvline(PROMISED, color="grey", linestyle=":", linewidth=1)
    axes.margins(x=0.12)
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.set_xlabel("events a second, from the topic to durable, exact sums")
    axes.legend(loc="lower right", fontsize=8)
    figure.savefig(path, dpi=150)
