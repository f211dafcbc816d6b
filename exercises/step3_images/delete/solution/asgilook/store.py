"""The images: files in a folder, and an index of them in memory."""

import asyncio
import concurrent.futures
import contextlib
import dataclasses
import datetime
import os
import pathlib
from typing import Any

import aiofiles
import aiofiles.os
import falcon

from .config import Config
from .convert import Size, to_jpeg


def now() -> datetime.datetime:
    """Return the time, in UTC."""
    return datetime.datetime.now(datetime.UTC)


@dataclasses.dataclass
class Image:
    """A stored image: its name, its size, and where it lies."""

    config: Config = dataclasses.field(repr=False)
    image_id: str
    size: Size
    modified: datetime.datetime = dataclasses.field(default_factory=now)

    @property
    def path(self) -> pathlib.Path:
        """The file, in the store's folder."""
        return pathlib.Path(self.config.storage_path, f'{self.image_id}.jpeg')

    @property
    def uri(self) -> str:
        """The path at which clients find the image."""
        return f'/images/{self.image_id}.jpeg'

    def serialize(self) -> dict[str, Any]:
        """Return the record that clients see."""
        return {
            'id': self.image_id,
            'image': self.uri,
            'modified': falcon.dt_to_http(self.modified),
            'size': list(self.size),
        }


class Store:
    """All images that were uploaded since the start."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._images: dict[str, Image] = {}
        self._pool = concurrent.futures.ThreadPoolExecutor(os.cpu_count())
        pathlib.Path(config.storage_path).mkdir(parents=True, exist_ok=True)

    def get(self, image_id: str) -> Image | None:
        """Return the image with that id, or None."""
        return self._images.get(image_id)

    def list_images(self) -> list[Image]:
        """Return all images, oldest first."""
        return sorted(self._images.values(), key=lambda image: image.modified)

    async def save(self, image_id: str, data: bytes) -> Image:
        """Store an uploaded image as JPEG, whatever its format was.

        Raises UnknownFormatError, or DamagedImageError.
        """
        loop = asyncio.get_running_loop()
        jpeg, size = await loop.run_in_executor(self._pool, to_jpeg, data)
        image = Image(self._config, image_id, size)
        async with aiofiles.open(image.path, 'wb') as file:
            await file.write(jpeg)
        self._images[image_id] = image
        return image

    async def delete(self, image: Image) -> None:
        """Forget an image, and remove its file."""
        self._images.pop(image.image_id, None)
        with contextlib.suppress(FileNotFoundError):
            await aiofiles.os.remove(image.path)
