"""Work that starts when the response is on its way."""

import asyncio
import functools
import time

import falcon.asgi
from falcon.asgi import Request, Response


async def notify(diary: list[str], name: str) -> None:
    """Send a message, which waits but doesn't block."""
    await asyncio.sleep(0.05)
    diary.append(f'told {name}')


def archive(diary: list[str], name: str) -> None:
    """Write to a slow archive, which blocks and so belongs in a thread."""
    time.sleep(0.05)
    diary.append(f'archived {name}')


class Orders:
    """Orders, taken immediately and dealt with later."""

    def __init__(self) -> None:
        self.diary: list[str] = []

    async def on_post(self, req: Request, resp: Response) -> None:
        """Take an order."""
        order = await req.get_media()
        if not isinstance(order, dict) or 'name' not in order:
            raise falcon.HTTPBadRequest(description='Say your name, as "name".')
        resp.schedule(functools.partial(notify, self.diary, order['name']))
        resp.schedule_sync(functools.partial(archive, self.diary, order['name']))
        self.diary.append(f'took {order["name"]}')
        resp.status = falcon.HTTP_202

    async def on_get(self, req: Request, resp: Response) -> None:
        """Show what has been done so far."""
        resp.media = self.diary


app = falcon.asgi.App[Request, Response]()
app.add_route('/orders', Orders())
