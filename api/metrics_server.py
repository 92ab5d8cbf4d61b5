"""Serves the metrics of one process of the API at a port of its own.

Of its own, because who may see metrics is not who may use the API, and because a process that
shares the API's address with others could not be asked for its own figures there.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from api.api_metrics import ApiMetrics
from api.settings import METRICS_PORT, SettingError, Settings
from observability.exposition import PATH, exposition
from observability.plain_http import Answer, plain_server


@asynccontextmanager
async def metrics_server(settings: Settings, metrics: ApiMetrics) -> AsyncIterator[None]:
    """Serve for the length of a block, where a port is set. Raises SettingError: it is taken."""
    if settings.metrics_port is None:
        yield
        return

    async def answer() -> Answer:
        return exposition(metrics.registry)

    port = settings.metrics_port + settings.process - 1
    async with AsyncExitStack() as blocks:
        try:
            server = plain_server(settings.metrics_host, port, {PATH: answer})
            await blocks.enter_async_context(server)
        except OSError as error:
            raise SettingError(
                f"{METRICS_PORT.name} leads process {settings.process} to port {port}, which "
                f"cannot be listened on: {error.strerror}."
            ) from error
        yield
