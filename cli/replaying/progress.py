"""The progress bar of a replay: events so far, their rate, and how much of the file is done."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from cli.reporting import CONSOLE

Advance = Callable[[int, float], None]
"""Called with the number of events and the share of the work (0 to 1) that are done."""


@contextmanager
def shown_progress(word: str) -> Iterator[Advance]:
    """Show a bar until the block ends; nothing moves where the output is no terminal."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[events]:,} events, {task.fields[rate]:,.0f}/s"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=CONSOLE) as progress:
        task = progress.add_task(word, total=1.0, events=0, rate=0.0)
        started = time.monotonic()

        def advance(events: int, share: float) -> None:
            rate = events / max(time.monotonic() - started, 1e-3)
            progress.update(task, completed=share, events=events, rate=rate)

        yield advance
