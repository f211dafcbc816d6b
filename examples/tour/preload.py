"""A hint instead of an HTTP/2 push: the client decides whether to ask."""

import falcon.asgi
from falcon.asgi import Request, Response


class Page:
    """A page that needs a style sheet."""

    async def on_get(self, req: Request, resp: Response) -> None:
        """Name the style sheet in a header, ahead of the page."""
        resp.append_link('/style.css', 'preload', link_extension=[('as', 'style')])
        resp.content_type = falcon.MEDIA_HTML
        resp.text = '<link rel="stylesheet" href="/style.css"><h1>Pictures</h1>'


app = falcon.asgi.App[Request, Response]()
app.add_route('/', Page())
