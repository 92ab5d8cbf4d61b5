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
    ending = asyncio.create_task(_ended(app, starting))
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait([ending, stopping], return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopping.cancel()
        await app.stop()
        starting.cancel()
        # It ends by itself now; cancelled before, it would leave tasks behind.
        await asyncio.wait([ending])
    if not ending.cancelled():
        ending.result()
    if app.crash_reason is not None:
        raise app.crash_reason


async def _ended(app: StreamApp, starting: asyncio.Task[None]) -> None:
    await starting
    await app.wait_until_stopped()
