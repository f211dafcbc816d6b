"""A sink: one coroutine for all paths with a given beginning."""

import urllib.parse

import falcon.asgi
from falcon.asgi import Request, Response


class About:
    """A resource with the same beginning."""

    async def on_get(self, req: Request, resp: Response) -> None:
        """Say where everything else has gone."""
        resp.media = 'What was here is below /images now.'


async def moved(req: Request, resp: Response, rest: str) -> None:
    """Redirect the client to where things are now, whatever the method."""
    raise falcon.HTTPPermanentRedirect('/images/' + urllib.parse.quote(rest))


app = falcon.asgi.App[Request, Response]()
app.add_sink(moved, r'/old/(?P<rest>.*)')
app.add_route('/old/about', About())
