"""The service, with routes that go wrong on purpose."""

import asyncio
import os
import time
from collections.abc import Mapping
from typing import Any

from falcon.asgi import Request, Response

from asgilook.app import create_app


class Fault:
    """A resource with a bug in it."""

    async def on_get(self, req: Request, resp: Response) -> None:
        """Look up a key that isn't there."""
        sizes: dict[str, int] = {}
        resp.media = sizes['width']


class Slow:
    """A resource that blocks the event loop."""

    async def on_get(self, req: Request, resp: Response) -> None:
        """Sleep the way synchronous code does."""
        time.sleep(0.3)
        resp.media = 'slept'


class DebugMode:
    """Middleware that turns on asyncio's debug mode, if the environment asks."""

    async def process_startup(
        self, scope: Mapping[str, Any], event: Mapping[str, Any]
    ) -> None:
        """Turn it on, whatever the server has chosen."""
        if os.environ.get('PYTHONASYNCIODEBUG'):
            asyncio.get_running_loop().set_debug(True)


app = create_app()
app.add_middleware(DebugMode())
app.add_route('/fault', Fault())
app.add_route('/slow', Slow())
