"""A request that knows whether its client is still there."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import falcon.asgi

Event = dict[str, Any]


class Request(falcon.asgi.Request):
    """Falcon's request, which also sees its client leave."""

    def __init__(
        self,
        scope: dict[str, Any],
        receive: Callable[[], Awaitable[Event]],
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
        if self.departure.done():  # Falcon's simulated clients never wait.
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
