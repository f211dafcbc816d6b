"""The resources: what clients see of the images."""

import os
import uuid

import falcon
from falcon.asgi import Response

from . import workers
from .config import Config
from .image import Image
from .limits import Budget, receive
from .pages import page
from .request import Request
from .store import Store


async def find(store: Store, image_id: uuid.UUID) -> Image:
    """Return the image with that id; answer 404 if there is none."""
    image = await store.get(str(image_id))
    if image is None:
        raise falcon.HTTPNotFound
    return image


class Images:
    """The images, as a collection and one by one."""

    def __init__(self, config: Config, store: Store) -> None:
        self._config = config
        self._store = store
        pixels, timeout = config.pixel_budget, config.queue_timeout
        self._measuring = Budget(workers.COUNT, 1, timeout)
        self._budget = Budget(pixels, pixels // workers.COUNT, timeout)

    async def cache_key(self, req: Request, **params: object) -> str | None:
        """Return what the list is cached under; images aren't cached."""
        if params:
            return None
        limit, after = page(req)
        return f'{await self._store.version()}:{limit}:{after}'

    async def on_get(self, req: Request, resp: Response) -> None:
        """List the images, page by page."""
        limit, after = page(req)
        images = await self._store.list_images(limit + 1, after)
        resp.media = [image.serialize() for image in images[:limit]]
        if len(images) > limit:
            target = f'{req.path}?limit={limit}&after={images[limit - 1].number}'
            resp.append_link(target, 'next')

    async def on_post(self, req: Request, resp: Response) -> None:
        """Store the image that is the request's body."""
        image_id = str(self._config.uuid_generator())
        with self._store.upload(image_id) as path:
            await receive(req, path, self._config)
            async with req.watched():
                async with self._measuring.share(1, req):
                    pixels = await self._store.measure(path)
                async with self._budget.share(pixels, req):
                    image = await self._store.save_file(image_id, path)

        resp.status = falcon.HTTP_201
        resp.location = image.uri
        resp.media = image.serialize()

    async def on_get_image(
        self, req: Request, resp: Response, image_id: uuid.UUID
    ) -> None:
        """Stream an image from where it is stored."""
        image = await find(self._store, image_id)
        try:
            stream, length = await self._store.open(image)
        except FileNotFoundError:
            raise falcon.HTTPNotFound from None
        resp.content_type = falcon.MEDIA_JPEG
        resp.set_stream(stream, length)

    async def on_delete_image(
        self, req: Request, resp: Response, image_id: uuid.UUID
    ) -> None:
        """Delete an image."""
        if not await self._store.delete(str(image_id)):
            raise falcon.HTTPNotFound
        resp.status = falcon.HTTP_204


class Thumbnails:
    """The images, scaled down to the sizes on offer."""

    def __init__(self, config: Config, store: Store) -> None:
        self._store = store
        self._budget = Budget(os.cpu_count() or 1, 1, config.queue_timeout)

    async def cache_key(
        self, req: Request, image_id: uuid.UUID, width: int, height: int
    ) -> str:
        """Return what a thumbnail is cached under; answer 404 if there is no image."""
        req.context.image = image = await find(self._store, image_id)
        return f'{image.version}:{width}:{height}'

    async def on_get(
        self, req: Request, resp: Response, image_id: uuid.UUID, width: int, height: int
    ) -> None:
        """Scale an image down."""
        image = req.context.get('image') or await find(self._store, image_id)
        if (width, height) not in image.thumbnail_sizes():
            raise falcon.HTTPNotFound(
                description='This size is not on offer. '
                'GET /images lists the sizes on offer, under "thumbnails".'
            )
        try:
            async with req.watched(), self._budget.share(1, req):
                resp.data = await self._store.make_thumbnail(image, (width, height))
        except FileNotFoundError:
            raise falcon.HTTPNotFound from None
        resp.content_type = falcon.MEDIA_JPEG
