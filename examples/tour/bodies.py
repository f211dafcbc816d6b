"""Three ways to set the body of a response."""

import falcon.asgi
from falcon.asgi import Request, Response

PIXEL = bytes.fromhex(
    '47494638396101000100800000ff000000000021f90400000000002c'
    '00000000010001000002024401003b'
)
"""A GIF of a single red pixel."""


class Answers:
    """The same resource, answering in three ways."""

    async def on_get_text(self, req: Request, resp: Response) -> None:
        """Answer with a string, which Falcon encodes as UTF-8."""
        resp.content_type = falcon.MEDIA_TEXT
        resp.text = 'Schöne Grüße'

    async def on_get_data(self, req: Request, resp: Response) -> None:
        """Answer with bytes, as they are."""
        resp.content_type = falcon.MEDIA_GIF
        resp.data = PIXEL

    async def on_get_media(self, req: Request, resp: Response) -> None:
        """Answer with an object, which a media handler turns into bytes."""
        resp.media = {'width': 1, 'height': 1, 'colours': ['red']}


app = falcon.asgi.App[Request, Response]()
for kind in ('text', 'data', 'media'):
    app.add_route(f'/{kind}', Answers(), suffix=kind)
