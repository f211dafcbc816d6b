"""Synchronous code, called from a coroutine without stalling the event loop."""

import functools
import hashlib
import itertools
import time
from collections.abc import Iterator

import falcon.asgi
from falcon.asgi import Request, Response


def slow_digest(secret: bytes) -> str:
    """Return a digest that takes long on purpose: some tens of milliseconds."""
    return hashlib.scrypt(secret, salt=b'tour', n=2**14, r=8, p=1).hex()


class Digest:
    """A resource that lets a thread do the slow part."""

    async def on_post(self, req: Request, resp: Response) -> None:
        """Answer with the digest of the body."""
        secret = await req.stream.read()
        resp.media = {'digest': await falcon.sync_to_async(slow_digest, secret)}


def tickets() -> Iterator[int]:
    """Yield the numbers of tickets: a generator, which no two threads may enter."""
    for number in itertools.count(1):
        time.sleep(0.001)  # stands for a printer
        yield number


class Counter:
    """A counter at which you draw a number."""

    def __init__(self) -> None:
        draw = functools.partial(next, tickets())
        self._draw = falcon.wrap_sync_to_async(draw, threadsafe=False)

    async def on_post(self, req: Request, resp: Response) -> None:
        """Draw a number."""
        resp.media = {'number': await self._draw()}


app = falcon.asgi.App[Request, Response]()
app.add_route('/digest', Digest())
app.add_route('/counter', Counter())
