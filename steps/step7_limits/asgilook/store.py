"""The images: files in a folder, and an index of them in memory."""

import asyncio
import concurrent.futures
import logging
import os
import pathlib
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any, BinaryIO

from . import workers
from .config import Config
from .convert import Size, measure, to_jpeg
from .files import Folder, write
from .formats import DamagedImageError
from .image import Image
from .thumbnails import shrink
from .workers import Result

logger = logging.getLogger(__name__)


class Store:
    """All images that were uploaded since the start."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._images: dict[str, Image] = {}
        self._pool = concurrent.futures.ThreadPoolExecutor(os.cpu_count())
        self._folder = Folder(config.storage_path)

    async def process_shutdown(self, scope: Mapping[str, Any], event: object) -> None:
        """Stop the processes with the server: not after each simulated request."""
        if 'state' in scope:
            await workers.stop()

    def get(self, image_id: str) -> Image | None:
        """Return the image with that id, or None."""
        return self._images.get(image_id)

    def list_images(self) -> list[Image]:
        """Return all images, oldest first."""
        return sorted(self._images.values(), key=lambda image: image.modified)

    def upload(self, image_id: str) -> AbstractContextManager[pathlib.Path]:
        """Give a path for an uploaded file, which is removed in the end."""
        return self._folder.unfinished(f'{image_id}.upload')

    async def measure(self, path: pathlib.Path) -> int:
        """Return how many pixels an uploaded file has.

        Raises UnknownFormatError, DamagedImageError, or StoppedError.
        """
        return await self._work(measure, path)

    async def save(self, image_id: str, data: bytes | BinaryIO) -> Image:
        """Store an image, given as bytes or as a binary file, as JPEG.

        Raises UnknownFormatError, DamagedImageError, StoppedError, StorageFullError.
        """
        with self.upload(image_id) as path:
            await asyncio.to_thread(write, path, data)
            return await self.save_file(image_id, path)

    async def save_file(self, image_id: str, path: pathlib.Path) -> Image:
        """Store an image that is in a file of its own, just as `save` does."""
        image_name = f'{image_id}.jpeg'
        with self._folder.unfinished(image_name) as unfinished:
            await asyncio.to_thread(unfinished.touch)
            size = await self._work(to_jpeg, path, unfinished)
            image = Image(self._config, image_id, size)
            await asyncio.to_thread(self._folder.publish, unfinished, image_name)
        self._images[image_id] = image
        return image

    async def make_thumbnail(self, image: Image, size: Size) -> bytes:
        """Return the image scaled to a size, as JPEG.

        Raises FileNotFoundError if the image has gone from the disk, and
        DamagedFileError if it was damaged there.
        """
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, shrink, image.path, size)

    async def _work(self, function: Callable[..., Result], *args: object) -> Result:
        """Call a function on an uploaded file, in a process that may be stopped."""
        try:
            timeout = self._config.convert_timeout
            return await workers.run(function, *args, timeout=timeout)
        except DamagedImageError as error:
            cause = ', '.join(getattr(error, '__notes__', ['too large']))
            logger.info('An image could not be decoded: %s', cause)
            raise
