"""A body streamed from a file."""

import os
import pathlib

import aiofiles
import aiofiles.os
import falcon.asgi
from falcon.asgi import Request, Response


class Download:
    """A file, sent piece by piece."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = path

    async def on_get(self, req: Request, resp: Response) -> None:
        """Send the file; Falcon closes it."""
        length = (await aiofiles.os.stat(self._path)).st_size
        stream = await aiofiles.open(self._path, 'rb')
        resp.content_type = falcon.MEDIA_TEXT
        resp.downloadable_as = 'files.py'
        resp.set_stream(stream, length)


app = falcon.asgi.App[Request, Response]()
app.add_route('/source', Download(pathlib.Path(__file__)))
