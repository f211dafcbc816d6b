"""The records of the images, in the database."""

import contextlib
import datetime
from collections.abc import AsyncIterator, Awaitable, Callable

from sqlalchemy import Select, delete, insert, select

from .config import Config
from .database import Database
from .image import Image
from .tables import Collection, Record

Wanted = Select[int, str, int, int, datetime.datetime, str]

RECORDS = select(
    Record.number,
    Record.image_id,
    Record.width,
    Record.height,
    Record.modified,
    Record.version,
)


class Records:
    """The records of all images, in the order in which they arrived."""

    def __init__(self, config: Config, database: Database) -> None:
        self._config = config
        self._database = database

    async def get(self, image_id: str) -> Image | None:
        """Return the image with that id, or None."""
        found = await self._find(RECORDS.where(Record.image_id == image_id))
        return found[0] if found else None

    async def page(self, limit: int, after: int | None, newest: bool) -> list[Image]:
        """Return the images that follow a number in the list, at most so many."""
        number = Record.number
        page = RECORDS.order_by(number.desc() if newest else number)
        if after is not None:
            page = page.where(number < after if newest else number > after)
        return await self._find(page.limit(limit))

    async def version(self) -> str:
        """Return the version of all records together: each change makes a new one."""
        async with self._database.connect() as connection:
            return (await connection.scalars(select(Collection.version))).one()

    @contextlib.asynccontextmanager
    async def added(self, image: Image) -> AsyncIterator[Callable[[], Awaitable[None]]]:
        """Add a record. Others see it once the function that this gives was called."""
        width, height = image.size
        record = insert(Record).values(
            image_id=image.image_id,
            width=width,
            height=height,
            modified=image.modified,
        )
        async with self._database.change() as connection:
            await connection.execute(record)
            yield connection.commit

    async def remove(self, image_id: str) -> bool:
        """Remove a record; return whether there was one."""
        async with self._database.change() as connection:
            found = delete(Record).where(Record.image_id == image_id)
            if (await connection.execute(found)).rowcount == 0:
                return False
            await connection.commit()
            return True

    async def _find(self, wanted: Wanted) -> list[Image]:
        async with self._database.connect() as connection:
            found = await connection.execute(wanted)
        return [
            Image(self._config, image_id, (width, height), modified, number, version)
            for number, image_id, width, height, modified, version in found
        ]
