"""Copy all records into another, empty database: python move.py FROM_URL TO_URL."""

import asyncio
import sys

from sqlalchemy import insert, select, text

from asgilook.database import make_engine
from asgilook.tables import Base

NEXT_NUMBER = text(
    "SELECT setval(pg_get_serial_sequence('images', 'number'), max(number)) FROM images"
)


async def main(old_url: str, new_url: str) -> None:
    """Create the tables, copy the rows, and go on from the last number."""
    old, new = make_engine(old_url, 3600), make_engine(new_url, 3600)
    async with old.connect() as source, new.begin() as target:
        await target.run_sync(Base.metadata.create_all)
        for table in Base.metadata.sorted_tables:
            rows = [row._asdict() for row in await source.execute(select(table))]
            if rows:
                await target.execute(insert(table), rows)
            print(table.name, len(rows))
        await target.execute(NEXT_NUMBER)
    await old.dispose()
    await new.dispose()


asyncio.run(main(*sys.argv[1:]))
