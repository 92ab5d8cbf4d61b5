"""Serves the API by HTTP until it is told to stop; answers what it has begun to answer."""

import socket
from functools import partial

import uvicorn
from fastapi import FastAPI

from api.connections import USUAL, ConnectionLimits, LimitedConnection

FINISH_SECONDS = 15


class Server(uvicorn.Server):
    """A server that tells open streams to end before it waits for them."""

    def __init__(
        self,
        app: FastAPI,
        *,
        host: str,
        port: int,
        finish_seconds: int = FINISH_SECONDS,
        limits: ConnectionLimits = USUAL,
    ) -> None:
        """Take the application, where to listen (0: any free port), how long it may take to end.

        `limits` are those of its connections.
        """
        self._app = app
        super().__init__(
            uvicorn.Config(
                app,
                host=host,
                port=port,
                loop="uvloop",
                http=partial(LimitedConnection, limits=limits),  # type: ignore[arg-type]
                ws="none",
                lifespan="on",
                access_log=False,
                server_header=False,
                log_config=None,  # its lines are written as all others are
                log_level="warning",
                timeout_graceful_shutdown=finish_seconds,
            )
        )

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop accepting, end the streams, answer the rest, close."""
        self._app.state.services.readings.close()
        await super().shutdown(sockets)
