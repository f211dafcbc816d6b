"""The application."""

import falcon.asgi

app = falcon.asgi.App()
other = falcon.asgi.App()
