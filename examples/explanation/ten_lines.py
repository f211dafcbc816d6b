"""The lines that the first page of the book shows: a list of no pictures."""

import falcon.asgi


class Images:
    """The pictures."""

    async def on_get(self, req, resp):
        """List them: there are none yet."""
        resp.media = []


app = falcon.asgi.App()
app.add_route('/images', Images())
