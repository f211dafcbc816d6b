"""The database that all workers share: connections, transactions, the first start."""

import contextlib
from collections.abc import AsyncIterator
from typing import Any

import sqlalchemy
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from .tables import Base, Collection, new_version

DRIVERS = {'sqlite': 'sqlite+aiosqlite', 'postgresql': 'postgresql+asyncpg'}
"""The asynchronous drivers, for URLs that name none."""

LOCK = 4_711
"""What workers that start at the same time agree to lock in PostgreSQL."""


class Database:
    """A database, which is set up when it is first used.

    Connections are kept from `open` to `close`; otherwise each is made for one use.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._engine = make_engine(url, poolclass=NullPool)
        self._is_ready = False

    async def open(self) -> None:
        """Set the database up, and keep connections from now on."""
        await self._set_up()
        self._engine = make_engine(self._url)

    async def close(self) -> None:
        """Close the connections that were kept."""
        await self._engine.dispose()
        self._engine = make_engine(self._url, poolclass=NullPool)

    @contextlib.asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """Give a connection to read by."""
        await self._set_up()
        async with self._engine.connect() as connection:
            yield connection

    @contextlib.asynccontextmanager
    async def change(self) -> AsyncIterator[AsyncConnection]:
        """Give a connection to change the records by, and then to commit.

        One change waits for the other, in all workers: each begins with the same row.
        """
        await self._set_up()
        async with self._engine.connect() as connection:
            await connection.execute(sqlalchemy.update(Collection))
            yield connection

    async def _set_up(self) -> None:
        """Create the tables unless they exist: other workers may be doing so, too."""
        if self._is_ready:
            return
        async with self._engine.begin() as connection:
            if is_sqlite(self._engine):
                await connection.exec_driver_sql('BEGIN IMMEDIATE')
            else:
                lock = sqlalchemy.func.pg_advisory_xact_lock(LOCK)
                await connection.execute(sqlalchemy.select(lock))
            await connection.run_sync(Base.metadata.create_all)
            if not await connection.scalar(sqlalchemy.select(Collection.key)):
                row = sqlalchemy.insert(Collection).values(key=1, version=new_version())
                await connection.execute(row)
        self._is_ready = True


def make_engine(url: str, **options: Any) -> AsyncEngine:
    """Return SQLAlchemy's access to a database, with an asynchronous driver."""
    parsed = sqlalchemy.make_url(url)
    driver = DRIVERS.get(parsed.drivername, parsed.drivername)
    engine = create_async_engine(parsed.set(drivername=driver), **options)
    if is_sqlite(engine):
        sqlalchemy.event.listen(engine.sync_engine, 'connect', prepare)
    return engine


def is_sqlite(engine: AsyncEngine) -> bool:
    """Return whether the database is a file of SQLite."""
    return engine.dialect.name == 'sqlite'


def prepare(connection: Any, record: object) -> None:
    """Let readers of SQLite go on while another worker writes, and writers wait."""
    cursor = connection.cursor()
    cursor.execute('PRAGMA busy_timeout = 20000')
    cursor.execute('PRAGMA journal_mode = WAL')
    cursor.close()
