"""A media handler of our own, for tables in CSV."""

import csv
import io
from typing import Any

import falcon.asgi
import falcon.media
from falcon.asgi import Request, Response
from falcon.typing import AsyncReadableIO


class CSVHandler(falcon.media.BaseHandler):
    """Turns lists of rows into CSV, and back."""

    async def serialize_async(self, media: Any, content_type: str) -> bytes:
        """Return rows as CSV."""
        text = io.StringIO()
        csv.writer(text).writerows(media)
        return text.getvalue().encode()

    async def deserialize_async(
        self,
        stream: AsyncReadableIO,
        content_type: str | None,
        content_length: int | None,
    ) -> list[list[str]]:
        """Return the rows of a table in CSV."""
        try:
            text = (await stream.read()).decode()
            return list(csv.reader(io.StringIO(text, newline=''), strict=True))
        except (UnicodeDecodeError, csv.Error) as error:
            raise falcon.MediaMalformedError('CSV') from error


class Columns:
    """Turns a table on its side."""

    async def on_post(self, req: Request, resp: Response) -> None:
        """Answer with the columns as rows, in the format that the client prefers."""
        rows = await req.get_media()
        if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
            raise falcon.HTTPBadRequest(description='Send a list of rows.')
        resp.content_type = req.client_prefers([falcon.MEDIA_CSV, falcon.MEDIA_JSON])
        resp.media = [list(column) for column in zip(*rows, strict=False)]


app = falcon.asgi.App[Request, Response]()
app.req_options.media_handlers[falcon.MEDIA_CSV] = CSVHandler()
app.resp_options.media_handlers[falcon.MEDIA_CSV] = CSVHandler()
app.add_route('/columns', Columns())
