"""The application."""

import falcon

app = falcon.App()
