"""The application."""

import falcon.asgi
from falcon.asgi import Response

from . import errors
from .cache import RedisCache
from .config import Config
from .database import DatabaseAwayError
from .files import DamagedFileError, StorageFullError
from .formats import DamagedImageError, UnknownFormatError
from .images import Images, Thumbnails
from .request import App, Request
from .store import Store
from .workers import StoppedError


def create_app(config: Config | None = None) -> falcon.asgi.App[Request, Response]:
    """Return an application of its own, with a store of its own."""
    config = config or Config()
    store = Store(config)
    app = App(request_type=Request, middleware=[RedisCache(config), store])

    images = Images(config, store)
    app.add_route('/images', images)
    app.add_route('/images/{image_id:uuid}.jpeg', images, suffix='image')
    app.add_route('/images/{image_id:uuid}', images, suffix='record')

    thumbnails = Thumbnails(config, store)
    app.add_route(
        '/thumbnails/{image_id:uuid}/{width:int}x{height:int}.jpeg', thumbnails
    )

    app.add_error_handler(UnknownFormatError, errors.unknown_format)
    app.add_error_handler(DamagedImageError, errors.damaged_image)
    app.add_error_handler(StoppedError, errors.too_much_work)
    app.add_error_handler(DamagedFileError, errors.damaged_file)
    app.add_error_handler(StorageFullError, errors.storage_full)
    app.add_error_handler(DatabaseAwayError, errors.database_away)
    app.set_error_serializer(errors.to_json)
    return app
