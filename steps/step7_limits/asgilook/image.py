"""An image: what the records say of it, and what follows from that."""

import dataclasses
import datetime
import pathlib
from collections.abc import Iterator
from typing import Any

import falcon

from .config import Config
from .convert import Size


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

    def thumbnail_sizes(self) -> Iterator[Size]:
        """Yield the sizes on offer, each half of the one before."""
        least = max(self.config.min_thumb_size, 1)
        width, height = self.size[0] // 2, self.size[1] // 2
        while min(width, height) >= least:
            yield width, height
            width, height = width // 2, height // 2

    def thumbnails(self) -> list[str]:
        """Return the paths at which clients find the thumbnails."""
        return [
            f'/thumbnails/{self.image_id}/{width}x{height}.jpeg'
            for width, height in self.thumbnail_sizes()
        ]

    def serialize(self) -> dict[str, Any]:
        """Return the record that clients see."""
        return {
            'id': self.image_id,
            'image': self.uri,
            'modified': falcon.dt_to_http(self.modified),
            'size': list(self.size),
            'thumbnails': self.thumbnails(),
        }
