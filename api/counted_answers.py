"""Counts every answer by route and status, those of requests that reach no route included."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.api_metrics import ApiMetrics

NO_ROUTE = "none"


class CountedAnswers:
    """Middleware around all others: whatever answers is counted."""

    def __init__(self, app: ASGIApp, *, metrics: ApiMetrics) -> None:
        """Take where answers are counted."""
        self._app = app
        self._responses = metrics.responses

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and count the answer as it begins."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                # The route as it is declared: an address that was asked for may name anybody.
                route = getattr(scope.get("route"), "path", NO_ROUTE)
                self._responses.labels(route, str(message["status"])).inc()
            await send(message)

        await self._app(scope, receive, send_counted)
