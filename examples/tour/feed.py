"""Server-sent events: a feed that clients follow, leave and come back to."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import falcon.asgi
from falcon.asgi import Request, Response, SSEvent


class News:
    """Everything published so far, and a way to wait for more."""

    def __init__(self) -> None:
        self._items: list[Any] = []
        self._published = asyncio.Condition()

    async def publish(self, item: object) -> None:
        """Add an item, and wake everyone who is waiting."""
        async with self._published:
            self._items.append(item)
            self._published.notify_all()

    async def after(self, count: int, patience: float) -> Any:
        """Return the item after the first `count`, or None if none comes in time."""
        async with self._published:
            try:
                async with asyncio.timeout(patience):
                    await self._published.wait_for(lambda: len(self._items) > count)
            except TimeoutError:
                return None
            return self._items[count]


class Feed:
    """The news, as a stream of events."""

    PATIENCE = 15.0
    """How long the stream may stay silent, in seconds."""

    def __init__(self, news: News) -> None:
        self._news = news
        self.listeners = 0

    async def on_post(self, req: Request, resp: Response) -> None:
        """Publish the body."""
        await self._news.publish(await req.get_media())
        resp.status = falcon.HTTP_202

    async def on_get(self, req: Request, resp: Response) -> None:
        """Send everything the client hasn't seen, then whatever comes."""
        last = req.last_event_id or '0'
        if not (last.isascii() and last.isdecimal() and len(last) < 10):
            raise falcon.HTTPInvalidHeader('Send a number.', 'Last-Event-ID')
        resp.cache_control = ['no-store']
        resp.sse = self._events(int(last))

    async def _events(self, seen: int) -> AsyncIterator[SSEvent | None]:
        self.listeners += 1
        try:
            while True:
                item = await self._news.after(seen, self.PATIENCE)
                if item is None:
                    yield None  # a ping
                else:
                    seen += 1
                    yield SSEvent(json=item, event='news', event_id=str(seen))
        finally:
            self.listeners -= 1


app = falcon.asgi.App[Request, Response]()
app.add_route('/feed', Feed(News()))
