"""A list of no pictures: the ten lines that the first page of the book shows."""

import falcon.asgi


class Images:
    """The pictures."""

    async def on_get(self, req, resp):
        resp.media = []


app = falcon.asgi.App()
app.add_route('/images', Images())
