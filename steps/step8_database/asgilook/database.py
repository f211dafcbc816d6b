"""The database that all workers share: connections, transactions, the first start."""

import contextlib
import logging
from collections.abc import AsyncIterator, Iterator
from typing import Any

import sqlalchemy
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from .tables import Base, Collection, new_version

logger = logging.getLogger(__name__)

DRIVERS = {'sqlite': 'sqlite+aiosqlite', 'postgresql': 'postgresql+asyncpg'}
"""The asynchronous drivers, for URLs that name none."""

TIMEOUT = 20
"""How long to wait for SQLite's lock, or for PostgreSQL, in seconds."""

FIRST = {
    'sqlite': ('PRAGMA journal_mode = WAL', 'BEGIN IMMEDIATE'),
    'postgresql': (
        f"SET LOCAL lock_timeout = '{TIMEOUT}s'",
        'SELECT pg_advisory_xact_lock(4711)',
    ),
}
"""The statements that let only one worker at a time create the tables."""

AWAY = (DBAPIError, sqlalchemy.exc.TimeoutError, TimeoutError)
"""The errors of a database that can't be reached, or refuses its service."""


class DatabaseAwayError(Exception):
    """The database can't be reached, or refuses its service."""


class Database:
    """A database, which is set up when it is first used.

    Connections are kept from `open` to `close`; otherwise each is made for one use.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._engine = make_engine(url, TIMEOUT, poolclass=NullPool)
        self._is_ready = False

    async def open(self) -> None:
        """Keep connections from now on; set the database up, if it is there."""
        self._engine = make_engine(self._url, TIMEOUT)
        try:
            async with self.connect():
                pass
        except DatabaseAwayError as error:
            logger.error('The database is away: %s', error)

    async def close(self) -> None:
        """Close the connections that were kept."""
        await self._engine.dispose()
        self._engine = make_engine(self._url, TIMEOUT, poolclass=NullPool)

    @contextlib.asynccontextmanager
    async def connect(self) -> AsyncIterator[AsyncConnection]:
        """Give a connection, to read by.

        Raises DatabaseAwayError.
        """
        with watched(*AWAY, OSError):
            await self._set_up()
            connection = await self._engine.connect()
        async with contextlib.aclosing(connection):
            with watched(*AWAY):
                yield connection

    @contextlib.asynccontextmanager
    async def change(self) -> AsyncIterator[AsyncConnection]:
        """Give a connection to change the records by, and then to commit.

        One change waits for the other, in all workers: each begins with the same row.
        Raises DatabaseAwayError.
        """
        async with self.connect() as connection:
            await connection.execute(sqlalchemy.update(Collection))
            yield connection

    async def _set_up(self) -> None:
        """Create the tables unless they exist: other workers may be doing so, too."""
        if self._is_ready:
            return
        prepare, lock = FIRST[self._engine.dialect.name]
        async with self._engine.begin() as connection:
            await connection.exec_driver_sql(prepare)
            await connection.exec_driver_sql(lock)
            await connection.run_sync(Base.metadata.create_all)
            if not await connection.scalar(sqlalchemy.select(Collection.key)):
                row = sqlalchemy.insert(Collection).values(key=1, version=new_version())
                await connection.execute(row)
        self._is_ready = True


@contextlib.contextmanager
def watched(*errors: type[Exception]) -> Iterator[None]:
    """Turn the errors of a database that is away into one of ours."""
    try:
        yield
    except errors as error:
        raise DatabaseAwayError(str(error)) from error


def make_engine(url: str, timeout: float, **options: Any) -> AsyncEngine:
    """Return access to a database; `timeout` limits each statement, in seconds."""
    parsed = sqlalchemy.make_url(url)
    driver = DRIVERS.get(parsed.drivername, parsed.drivername)
    waits = ['timeout', 'command_timeout'] if 'asyncpg' in driver else ['timeout']
    arguments = dict.fromkeys(waits, timeout)
    parsed = parsed.set(drivername=driver)
    return create_async_engine(parsed, connect_args=arguments, **options)
