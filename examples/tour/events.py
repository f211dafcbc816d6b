"""Server-sent events, one of each kind."""

from collections.abc import AsyncIterator

import falcon.asgi
from falcon.asgi import Request, Response, SSEvent


async def every_kind() -> AsyncIterator[SSEvent | None]:
    """Yield one event of each kind."""
    yield SSEvent(retry=5000)
    yield SSEvent(text='Good morning')
    yield SSEvent(data='Grüße'.encode())
    yield SSEvent(json={'done': 1, 'of': 3})
    yield SSEvent(json={'done': 2, 'of': 3}, event='progress', event_id='2')
    yield SSEvent(comment='a note that the browser ignores')
    yield None


class Events:
    """A resource that answers with events."""

    async def on_get(self, req: Request, resp: Response) -> None:
        """Send one event of each kind."""
        resp.sse = every_kind()


app = falcon.asgi.App[Request, Response]()
app.add_route('/events', Events())
