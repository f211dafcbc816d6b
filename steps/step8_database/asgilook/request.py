"""Requests: begun before their bodies arrive, and aware of a client that leaves."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

import falcon.asgi
from falcon.asgi import Response

Event = Mapping[str, Any]
Receive = Callable[[], Awaitable[Event]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


class Request(falcon.asgi.Request):
    """Falcon's request, which also sees its client leave."""

    def __init__(
        self,
        scope: dict[str, Any],
        receive: Receive,
        *args: Any,
        **options: Any,
    ) -> None:
        self.client_left = False
        self.departure: asyncio.Future[None]
        self._from_server = receive
        super().__init__(scope, self._next_event, *args, **options)

    @contextlib.asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        """Have `departure` done as soon as the client leaves. Read its body first."""
        self.departure = asyncio.ensure_future(self._wait_for_departure())
        await asyncio.sleep(0)
        if self.departure.done() and 'state' not in self.scope:
            # There's no server: Falcon's simulated clients never wait.
            self.departure = asyncio.get_running_loop().create_future()
        try:
            yield
        finally:
            self.departure.cancel()

    async def _wait_for_departure(self) -> None:
        while not self.client_left:
            await self._next_event()

    async def _next_event(self) -> Event:
        event = await self._from_server()
        self.client_left = event['type'] == 'http.disconnect'
        return event


class App(falcon.asgi.App[Request, Response]):
    """Falcon's application, which calls a responder before a body begins to arrive.

    Falcon itself waits for the first piece, which may never come.
    """

    async def __call__(  # type: ignore[override]
        self, scope: dict[str, Any], receive: Receive, send: Send
    ) -> None:
        """Answer a request."""
        events = [{'type': 'http.request', 'body': b'', 'more_body': True}]

        async def begin() -> Event:
            return events.pop() if events else await receive()

        await super().__call__(
            scope, begin if scope.get('method') == 'POST' else receive, send
        )
