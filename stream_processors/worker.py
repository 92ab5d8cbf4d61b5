"""Runs an app until it is told to stop or fails: the failure is raised, never survived."""

import asyncio
import signal

from stream_processors.app import StreamApp


async def run(app: StreamApp, stop: asyncio.Event | None = None) -> None:
    """Run the app until SIGTERM, SIGINT or `stop`; finish the batch in flight, then return.

    Raises what made the app fail, after it has been stopped.
    """
    stop = stop or asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    try:
        await _run_until(app, stop)
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


async def _run_until(app: StreamApp, stop: asyncio.Event) -> None:
    starting = asyncio.create_task(app.start())
    waits = [asyncio.create_task(stop.wait()), asyncio.create_task(_failure(app, starting))]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in waits:
            task.cancel()
        await app.stop()
        starting.cancel()
    if starting.done() and not starting.cancelled():
        starting.result()
    if app.crash_reason is not None:
        raise app.crash_reason


async def _failure(app: StreamApp, starting: asyncio.Task[None]) -> None:
    await starting
    await app.wait_until_stopped()
