"""The application, for a server to import."""

from .app import create_app

app = create_app()
