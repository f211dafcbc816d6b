"""What Alembic runs: the migrations, on the service's own database."""

import asyncio

from alembic import context
from sqlalchemy import Connection

from asgilook.config import Config
from asgilook.database import make_engine
from asgilook.tables import Base


def migrate(connection: Connection) -> None:
    """Run the migrations that the command asks for, in one transaction."""
    context.configure(connection=connection, target_metadata=Base.metadata)
    with context.begin_transaction():
        context.run_migrations()


async def main() -> None:
    """Connect, migrate, and disconnect."""
    engine = make_engine(Config().database_url, timeout=3600)
    async with engine.connect() as connection:
        await connection.run_sync(migrate)
    await engine.dispose()


asyncio.run(main())
