"""Three ways to say what the body of the response is."""

import falcon.asgi
from falcon.asgi import Request, Response

PIXEL = bytes.fromhex(
    '47494638396101000100800000ff000000000021f90400000000002c'
    '00000000010001000002024401003b'
)
"""A picture of one red pixel, as GIF."""


class Answers:
    """The same resource, answering in three ways."""

    async def on_get_text(self, req: Request, resp: Response) -> None:
        """Answer with a string: Falcon encodes it as UTF-8."""
        resp.content_type = falcon.MEDIA_TEXT
        resp.text = 'Schöne Grüße'

    async def on_get_data(self, req: Request, resp: Response) -> None:
        """Answer with bytes, as they are."""
        resp.content_type = falcon.MEDIA_GIF
        resp.data = PIXEL

    async def on_get_media(self, req: Request, resp: Response) -> None:
        """Answer with an object: a media handler turns it into bytes."""
        resp.media = {'width': 1, 'height': 1, 'colours': ['red']}


app = falcon.asgi.App[Request, Response]()
for kind in ('text', 'data', 'media'):
    app.add_route(f'/{kind}', Answers(), suffix=kind)
