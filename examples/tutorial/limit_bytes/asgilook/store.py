"""The images: files in a folder, and an index of them in memory."""

import asyncio
import concurrent.futures
import os
import pathlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import BinaryIO

from .config import Config
from .convert import Size, shrink, to_jpeg
from .files import Folder, write
from .image import Image


class Store:
    """All images that were uploaded since the start."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._images: dict[str, Image] = {}
        self._pool = concurrent.futures.ThreadPoolExecutor(os.cpu_count())
        self._folder = Folder(config.storage_path)

    def get(self, image_id: str) -> Image | None:
        """Return the image with that id, or None."""
        return self._images.get(image_id)

    def list_images(self) -> list[Image]:
        """Return all images, oldest first."""
        return sorted(self._images.values(), key=lambda image: image.modified)

    def upload(self, image_id: str) -> AbstractContextManager[pathlib.Path]:
        """Give a path for an uploaded file, which is removed in the end."""
        return self._folder.unfinished(f'{image_id}.upload')

    async def save(self, image_id: str, data: bytes | BinaryIO) -> Image:
        """Store an image, given as bytes or as a binary file, as JPEG.

        Raises UnknownFormatError, or DamagedImageError.
        """
        with self.upload(image_id) as path:
            await asyncio.to_thread(write, path, data)
            return await self.save_file(image_id, path)

    async def save_file(self, image_id: str, path: pathlib.Path) -> Image:
        """Store an image that is in a file of its own, just as `save` does."""
        target = self._folder.path / f'{image_id}.jpeg'
        await asyncio.to_thread(target.touch)
        size = await self._work(to_jpeg, path, target)
        image = Image(self._config, image_id, size)
        self._images[image_id] = image
        return image

    async def make_thumbnail(self, image: Image, size: Size) -> bytes:
        """Return the image scaled to a size, as JPEG.

        Raises FileNotFoundError if the image has gone from the disk, and
        DamagedFileError if it was damaged there.
        """
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, shrink, image.path, size)

    async def _work(self, function: Callable[..., Size], *args: object) -> Size:
        """Call a function on an uploaded file, in a thread."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, function, *args)
