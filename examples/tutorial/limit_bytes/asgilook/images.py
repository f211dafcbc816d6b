"""The resources: what clients see of the images."""

import os
import uuid

import aiofiles
import falcon
from falcon.asgi import Request, Response

from .config import Config
from .image import Image
from .limits import receive
from .store import Store


def find(store: Store, image_id: uuid.UUID) -> Image:
    """Return the image with that id; answer 404 if there is none."""
    image = store.get(str(image_id))
    if image is None:
        raise falcon.HTTPNotFound
    return image


class Images:
    """The images, as a collection and one by one."""

    def __init__(self, config: Config, store: Store) -> None:
        self._config = config
        self._store = store

    async def on_get(self, req: Request, resp: Response) -> None:
        """List the images."""
        resp.media = [image.serialize() for image in self._store.list_images()]

    async def on_post(self, req: Request, resp: Response) -> None:
        """Store the image that is the request's body."""
        image_id = str(self._config.uuid_generator())
        with self._store.upload(image_id) as path:
            await receive(req, path, self._config)
            image = await self._store.save_file(image_id, path)

        resp.status = falcon.HTTP_201
        resp.location = image.uri
        resp.media = image.serialize()

    async def on_get_image(
        self, req: Request, resp: Response, image_id: uuid.UUID
    ) -> None:
        """Stream an image from its file."""
        image = find(self._store, image_id)
        try:
            stream = await aiofiles.open(image.path, 'rb')
        except FileNotFoundError:
            raise falcon.HTTPNotFound from None
        resp.content_type = falcon.MEDIA_JPEG
        resp.set_stream(stream, os.fstat(stream.fileno()).st_size)


class Thumbnails:
    """The images, scaled down to the sizes on offer."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def on_get(
        self, req: Request, resp: Response, image_id: uuid.UUID, width: int, height: int
    ) -> None:
        """Scale an image down."""
        image = find(self._store, image_id)
        if (width, height) not in image.thumbnail_sizes():
            raise falcon.HTTPNotFound(
                description='This size is not on offer. '
                'GET /images lists the sizes on offer, under "thumbnails".'
            )
        try:
            resp.data = await self._store.make_thumbnail(image, (width, height))
        except FileNotFoundError:
            raise falcon.HTTPNotFound from None
        resp.content_type = falcon.MEDIA_JPEG
