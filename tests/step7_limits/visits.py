"""Requests of an app, by clients that stay until `leave` is called."""

import asyncio
from collections.abc import Iterable

import falcon.testing

PATIENCE = 60
"""How long anything may take on a busy machine, in seconds."""


class Visit:
    """A request, by a client that stays until `leave`, as behind a real server.

    Falcon's own simulated clients seem to leave as soon as their body has been read.
    """

    def __init__(
        self,
        app,
        method,
        path,
        pieces: Iterable[bytes] = (),
        address: str | None = None,
        **headers,
    ):
        self.taken = 0
        self.sent = falcon.testing.ASGIResponseEventCollector()
        self._app = app
        self._scope = falcon.testing.create_scope(
            method=method,
            path=path,
            remote_addr=address,
            headers={name.replace('_', '-'): text for name, text in headers.items()},
        )
        self._scope['state'] = {}  # A server has one; a simulated request doesn't.
        self._pieces = iter(pieces)
        self._ended = False
        self._left = asyncio.Event()

    def leave(self):
        """Close the connection."""
        self._left.set()

    async def run(self):
        """Make the request; return the status of the answer."""
        await self._app(self._scope, self.receive, self.sent)
        return self.sent.status

    async def receive(self):
        """Return a piece of the body, or wait until the client leaves."""
        if not self._ended and not self._left.is_set():
            piece = next(self._pieces, b'')
            self.taken += len(piece)
            self._ended = not piece
            return {'type': 'http.request', 'body': piece, 'more_body': bool(piece)}
        await self._left.wait()
        return {'type': 'http.disconnect'}


class Silent(Visit):
    """A request whose body stops arriving, and never ends."""

    async def receive(self):
        """Return a piece of the body, or wait until the client leaves."""
        for piece in self._pieces:
            self.taken += len(piece)
            return {'type': 'http.request', 'body': piece, 'more_body': True}
        await self._left.wait()
        return {'type': 'http.disconnect'}


class Hasty(Visit):
    """A request by a client that has left by the time its body has been read."""

    async def receive(self):
        """Return a piece of the body; leave with the last."""
        event = await super().receive()
        if self._ended:
            self.leave()
        return event
