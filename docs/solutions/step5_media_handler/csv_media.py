"""The list of pictures as CSV, for whoever would rather have a table."""

import csv
import io
from typing import Any

import falcon.media
from falcon.asgi import Request, Response

from asgilook import cache, images

MEDIA_CSV = 'text/csv'


class CSVHandler(falcon.media.BaseHandler):
    """Media handler that writes records as a table."""

    def serialize(self, media: Any, content_type: str) -> bytes:
        """Return a line with the names, and a line for each record."""
        output = io.StringIO()
        names = ['id', 'image', 'modified', 'size']
        writer = csv.DictWriter(output, names, extrasaction='ignore')
        writer.writeheader()
        for record in media:
            writer.writerow({**record, 'size': 'x'.join(map(str, record['size']))})
        return output.getvalue().encode()


class Images(images.Images):
    """The pictures, listed as JSON or as CSV."""

    async def on_get(self, req: Request, resp: Response) -> None:
        """List the pictures in the media type that the client prefers."""
        resp.content_type = req.client_prefers([falcon.MEDIA_JSON, MEDIA_CSV])
        resp.append_header('Vary', 'Accept')
        await super().on_get(req, resp)


class RedisCache(cache.RedisCache):
    """Middleware that keeps only what every client may be given."""

    async def _keep(self, key: str, resp: Response) -> None:
        if resp.get_header('Vary') is None:
            await super()._keep(key, resp)
