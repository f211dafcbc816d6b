"""Files that appear whole or not at all, even if the process is killed."""

import asyncio
import contextlib
import errno
import io
import os
import pathlib
import shutil
import weakref
from collections.abc import AsyncIterator, Iterator
from typing import BinaryIO

from aiofiles.threadpool import wrap

Stream = AsyncIterator[bytes]
"""What a response is read from, piece by piece."""

FULL = (errno.ENOSPC, errno.EDQUOT)
"""The errors of a disk on which there is no room."""


class StorageFullError(Exception):
    """There is no room left on the disk."""


class DamagedFileError(Exception):
    """A stored file isn't the JPEG any more that it was."""


class Folder:
    """A folder for whole files."""

    SUFFIX = '.part'
    """How the names of unfinished files end."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = pathlib.Path(path)
        self.path.mkdir(parents=True, exist_ok=True)
        self._sweep()

    @contextlib.contextmanager
    def unfinished(self, name: str) -> Iterator[pathlib.Path]:
        """Give a path to write to, and remove what is left there in the end.

        Raises StorageFullError.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        path = self.path / f'{name}{self.SUFFIX}'
        try:
            yield path
        except OSError as error:
            if error.errno in FULL:
                raise StorageFullError(error) from error
            raise
        finally:
            path.unlink(missing_ok=True)

    @contextlib.asynccontextmanager
    async def published(
        self, unfinished: pathlib.Path, name: str
    ) -> AsyncIterator[None]:
        """Give a file its final name, but remove it if what comes next fails."""
        await asyncio.to_thread(self.publish, unfinished, name)
        try:
            yield
        except Exception:
            await self.remove(name)
            raise

    def publish(self, unfinished: pathlib.Path, name: str) -> None:
        """Give a file its final name, in such a way that no power cut undoes it."""
        os.replace(unfinished, self.path / name)
        with contextlib.suppress(PermissionError):  # Windows can't open a folder.
            folder = os.open(self.path, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)

    async def remove(self, name: str) -> None:
        """Remove a file, if it is there."""
        await asyncio.to_thread((self.path / name).unlink, missing_ok=True)

    async def open(self, name: str) -> tuple[Stream, int]:
        """Return what a stored JPEG is read from, and its length in bytes.

        Raises FileNotFoundError, or DamagedFileError.
        """
        file = await asyncio.to_thread(open_jpeg, self.path / name)
        return wrap(file), os.fstat(file.fileno()).st_size

    @contextlib.asynccontextmanager
    async def fetched(self, name: str) -> AsyncIterator[pathlib.Path]:
        """Give the path of a file."""
        yield self.path / name

    def _sweep(self) -> None:
        """Remove what a killed process left, if no other process is at work here.

        Each process holds a shared lock on the folder as long as it lives.
        """
        with contextlib.suppress(ImportError, BlockingIOError):
            import fcntl

            lock = os.open(self.path, os.O_RDONLY)
            weakref.finalize(self, os.close, lock)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                for leftover in self.path.glob(f'*{self.SUFFIX}'):
                    leftover.unlink()
            finally:
                fcntl.flock(lock, fcntl.LOCK_SH)


def write(path: pathlib.Path, data: bytes | BinaryIO) -> None:
    """Write data, or what a binary file has, to a path."""
    with path.open('wb') as file:
        shutil.copyfileobj(io.BytesIO(data) if isinstance(data, bytes) else data, file)


def open_jpeg(path: pathlib.Path) -> BinaryIO:
    """Open a stored JPEG.

    Raises FileNotFoundError, or DamagedFileError for what isn't a whole one.
    """
    if path.exists() and not path.is_file():  # To open a pipe could take for ever.
        raise DamagedFileError(path)
    file = path.open('rb')
    start = file.read(2)
    file.seek(max(0, os.fstat(file.fileno()).st_size - 2))
    if (start, file.read()) == (b'\xff\xd8', b'\xff\xd9'):
        file.seek(0)
        return file
    file.close()
    raise DamagedFileError(path)
