"""Headers of the request and of the response."""

import datetime

import falcon.asgi
from falcon.asgi import Request, Response

OPENED = datetime.datetime(2026, 1, 31, 9, 30, tzinfo=datetime.UTC)


class Desk:
    """A desk where someone greets you."""

    async def on_get(self, req: Request, resp: Response) -> None:
        """Greet the client by the name in a header."""
        name = req.get_header('X-Name', default='stranger')
        resp.text = f'Good morning, {name}.'
        resp.content_type = falcon.MEDIA_TEXT

        resp.set_header('X-Desk', 'third floor')
        resp.append_header('Vary', 'X-Name')
        resp.append_header('Vary', 'Accept-Language')
        resp.last_modified = OPENED
        resp.cache_control = ['private', 'max-age=60']
        resp.set_cookie('seen', 'yes', max_age=3600)


app = falcon.asgi.App[Request, Response]()
app.add_route('/desk', Desk())
