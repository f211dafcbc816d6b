"""Four ways to read the body of a request."""

import hashlib

import falcon.asgi
from falcon.asgi import Request, Response

MOST = 10_000_000
"""The largest body to accept, in bytes, where we count them."""


class Receive:
    """The same upload, read in four ways."""

    async def on_post_media(self, req: Request, resp: Response) -> None:
        """Read an object, which a media handler makes from the bytes."""
        order = await req.get_media(default_when_empty={})
        resp.media = {'ordered': order}

    async def on_post_at_once(self, req: Request, resp: Response) -> None:
        """Read all the bytes into memory, unless there are too many."""
        data = await req.stream.read(MOST + 1)
        if len(data) > MOST:
            raise falcon.HTTPContentTooLarge
        resp.media = {'bytes': len(data), 'sha256': hashlib.sha256(data).hexdigest()}

    async def on_post_iterated(self, req: Request, resp: Response) -> None:
        """Read the pieces as they come from the server."""
        digest, size = hashlib.sha256(), 0
        async for piece in req.stream:
            size += len(piece)
            if size > MOST:
                raise falcon.HTTPContentTooLarge
            digest.update(piece)
        resp.media = {'bytes': size, 'sha256': digest.hexdigest()}

    async def on_post_chunks(self, req: Request, resp: Response) -> None:
        """Read pieces of the same size, except for the last."""
        sizes = []
        while chunk := await req.stream.read(1000):
            sizes.append(len(chunk))
        resp.media = {'bytes': sum(sizes), 'chunks': sizes}


app = falcon.asgi.App[Request, Response]()
for way in ('media', 'at_once', 'iterated', 'chunks'):
    app.add_route(f'/{way}', Receive(), suffix=way)
