"""Synchronous code, called from a coroutine without stalling the event loop."""

import hashlib
import sqlite3

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


class Counter:
    """A counter in a database that must not be used by two threads at once."""

    def __init__(self) -> None:
        self._db = sqlite3.connect(':memory:', check_same_thread=False)
        self._db.execute('CREATE TABLE counter AS SELECT 0 AS value')
        self.count = falcon.wrap_sync_to_async(self._count, threadsafe=False)

    def _count(self) -> int:
        self._db.execute('UPDATE counter SET value = value + 1')
        return int(self._db.execute('SELECT value FROM counter').fetchone()[0])

    async def on_post(self, req: Request, resp: Response) -> None:
        """Count one further."""
        resp.media = {'value': await self.count()}


app = falcon.asgi.App[Request, Response]()
app.add_route('/digest', Digest())
app.add_route('/counter', Counter())
