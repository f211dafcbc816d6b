"""The application, with a responder that fails."""

import falcon.asgi
from falcon.asgi import Request, Response


class Broken:
    """A resource that asks for what is not there."""

    async def on_get(self, req: Request, resp: Response) -> None:
        """Fail."""
        colours = {'sky': 'blue'}
        resp.text = colours['grass']


app = falcon.asgi.App()
app.add_route('/broken', Broken())
