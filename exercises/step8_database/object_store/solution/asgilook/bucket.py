"""A bucket for whole files, at Amazon S3 or what speaks its language."""

import contextlib
import os
import pathlib
import uuid
from collections.abc import AsyncIterator

import aiofiles
import obstore.store

from .files import Folder, Stream

CHUNK = 2**16
"""How much of an object is read at a time, in bytes, at least."""


class Bucket(Folder):
    """A bucket for whole files, with a folder for the unfinished ones."""

    def __init__(self, path: str | os.PathLike[str], url: str) -> None:
        super().__init__(path)
        self._objects = obstore.store.from_url(url)

    @contextlib.asynccontextmanager
    async def published(
        self, unfinished: pathlib.Path, name: str
    ) -> AsyncIterator[None]:
        """Upload a file under its name, but remove it if what comes next fails."""
        await self._objects.put_async(name, unfinished)
        try:
            yield
        except Exception:
            await self.remove(name)
            raise

    async def remove(self, name: str) -> None:
        """Remove an object, if it is there."""
        await self._objects.delete_async(name)

    async def open(self, name: str) -> tuple[Stream, int]:
        """Return what an object is read from, and its length in bytes.

        Raises FileNotFoundError.
        """
        found = await self._objects.get_async(name)
        return found.stream(CHUNK), found.meta['size']

    @contextlib.asynccontextmanager
    async def fetched(self, name: str) -> AsyncIterator[pathlib.Path]:
        """Give the path of a copy, which is removed in the end.

        Raises FileNotFoundError, or StorageFullError.
        """
        with self.unfinished(f'{name}.{uuid.uuid4()}') as path:
            stream, _ = await self.open(name)
            async with aiofiles.open(path, 'wb') as file:
                async for chunk in stream:
                    await file.write(chunk)
            yield path
