"""Synchronous code, called from a coroutine without stalling the event loop."""

import functools
import hashlib
import itertools
import time
from collections.abc import Iterator

import falcon.asgi
from falcon.asgi import Request, Response


def slow_digest(data: bytes) -> str:
    """Return the digest of some data, after blocking for some tens of milliseconds."""
    time.sleep(0.05)  # as if there were a lot of data, or a slow disk
    return hashlib.sha256(data).hexdigest()


class Digest:
    """A resource that lets a thread do the slow part."""

    async def on_post(self, req: Request, resp: Response) -> None:
        """Answer with the digest of the body."""
        data = await req.stream.read()
        resp.media = {'digest': await falcon.sync_to_async(slow_digest, data)}


def tickets() -> Iterator[int]:
    """Yield ticket numbers; no two threads may be in here at the same time."""
    for number in itertools.count(1):
        time.sleep(0.001)  # as if it had to be printed
        yield number


class Counter:
    """A counter where you draw a number."""

    def __init__(self) -> None:
        draw = functools.partial(next, tickets())
        self._draw = falcon.wrap_sync_to_async(draw, threadsafe=False)

    async def on_post(self, req: Request, resp: Response) -> None:
        """Draw a number."""
        resp.media = {'number': await self._draw()}


app = falcon.asgi.App[Request, Response]()
app.add_route('/digest', Digest())
app.add_route('/counter', Counter())
