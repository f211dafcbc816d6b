"""The service, with its files handed over to nginx instead of streamed."""

import pathlib
from collections.abc import AsyncIterator
from typing import Any

from falcon.asgi import Request, Response

from asgilook.app import create_app


async def nothing() -> AsyncIterator[bytes]:
    """Yield no data: nginx sends it."""
    yield b''


class HandOver:
    """Middleware that names the file in a header instead of sending it."""

    async def process_response(
        self, req: Request, resp: Response, resource: object, req_succeeded: bool
    ) -> None:
        """Replace a stream from a file with the header that nginx looks for."""
        file: Any = resp.stream
        if hasattr(file, 'name'):
            await file.close()
            name = pathlib.Path(file.name).name
            resp.set_header('X-Accel-Redirect', f'/stored/{name}')
            resp.set_stream(nothing(), 0)


app = create_app()
app.add_middleware(HandOver())
