"""A body streamed from an asynchronous generator."""

import asyncio
from collections.abc import AsyncIterator

import falcon.asgi
from falcon.asgi import Request, Response


async def squares(rows: int) -> AsyncIterator[bytes]:
    """Yield a table in CSV, one row at a time, as each becomes known."""
    yield b'number,square\r\n'
    for number in range(1, rows + 1):
        await asyncio.sleep(0.01)  # as if waiting for a database, or a sensor
        yield f'{number},{number**2}\r\n'.encode()


class Table:
    """A table whose length nobody knows until it ends."""

    async def on_get(self, req: Request, resp: Response) -> None:
        """Send as many rows as the query asks for."""
        rows = req.get_param_as_int('rows', default=3, min_value=0, max_value=1000)
        resp.content_type = falcon.MEDIA_CSV
        resp.stream = squares(rows)


app = falcon.asgi.App[Request, Response]()
app.add_route('/squares', Table())
