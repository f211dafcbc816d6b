"""The images: files in a folder, and their records in a database."""

import asyncio
import concurrent.futures
import logging
import os
import pathlib
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any, BinaryIO

from . import workers
from .bucket import Bucket
from .config import Config
from .convert import Size, measure, to_jpeg
from .database import Database
from .files import Folder, Stream, write
from .formats import DamagedImageError
from .image import Image
from .records import Records
from .thumbnails import shrink
from .workers import Result

logger = logging.getLogger(__name__)


class Store:
    """The images: files in a folder, and their records in a database."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._database = Database(config.database_url)
        self._records = Records(config, self._database)
        self._pool = concurrent.futures.ThreadPoolExecutor(os.cpu_count())
        path, url = config.storage_path, config.storage_url
        self._folder = Bucket(path, url) if url else Folder(path)

    async def process_startup(self, scope: object, event: object) -> None:
        """Open the database."""
        await self._database.open()

    async def process_shutdown(self, scope: Mapping[str, Any], event: object) -> None:
        """Stop the processes with the server: not after each simulated request."""
        if 'state' in scope:
            await workers.stop()
        await self._database.close()

    async def get(self, image_id: str) -> Image | None:
        """Return the image with that id, or None."""
        return await self._records.get(image_id)

    async def list_images(self, limit: int = 100, after: int = 0) -> list[Image]:
        """Return the images that came after a number, oldest first, at most so many."""
        return await self._records.page(limit, after)

    async def version(self) -> str:
        """Return the version of the list; each change makes a new one."""
        return await self._records.version()

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
            async with (
                self._folder.published(unfinished, image_name),
                self._records.added(image) as commit,
            ):
                await commit()
        return image

    async def delete(self, image_id: str) -> bool:
        """Delete an image; return whether there was one with that id."""
        if not await self._records.remove(image_id):
            return False
        await self._folder.remove(f'{image_id}.jpeg')
        return True

    async def open(self, image: Image) -> tuple[Stream, int]:
        """Return what an image's JPEG is read from, and its length in bytes.

        Raises FileNotFoundError, or DamagedFileError.
        """
        return await self._folder.open(image.path.name)

    async def make_thumbnail(self, image: Image, size: Size) -> bytes:
        """Return the image scaled to a size, as JPEG.

        Raises FileNotFoundError if the image has gone from the disk, and
        DamagedFileError if it was damaged there.
        """
        loop = asyncio.get_running_loop()
        async with self._folder.fetched(image.path.name) as path:
            return await loop.run_in_executor(self._pool, shrink, path, size)

    async def _work(self, function: Callable[..., Result], *args: object) -> Result:
        """Call a function on an uploaded file, in a process that may be stopped."""
        try:
            timeout = self._config.convert_timeout
            return await workers.run(function, *args, timeout=timeout)
        except DamagedImageError as error:
            cause = ', '.join(getattr(error, '__notes__', ['too large']))
            logger.info('An image could not be decoded: %s', cause)
            raise
