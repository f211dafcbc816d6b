"""The tables of the database."""

import datetime
import uuid

from sqlalchemy import BigInteger, DateTime, Dialect, Integer, String, TypeDecorator
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class UtcDateTime(TypeDecorator[datetime.datetime]):
    """An aware time, in UTC; SQLite would forget that it is."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_result_value(
        self, value: datetime.datetime | None, dialect: Dialect
    ) -> datetime.datetime | None:
        """Return what was read, aware."""
        return value and value.replace(tzinfo=value.tzinfo or datetime.UTC)


def new_version() -> str:
    """Return a version that there has never been before."""
    return uuid.uuid4().hex


class Base(DeclarativeBase):
    """The base of all tables."""


class Record(Base):
    """An image, under a number that grows with each one."""

    __tablename__ = 'images'
    __table_args__ = {'sqlite_autoincrement': True}

    number: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer(), 'sqlite'), primary_key=True
    )
    image_id: Mapped[str] = mapped_column(String(36), unique=True)
    width: Mapped[int]
    height: Mapped[int]
    modified: Mapped[datetime.datetime] = mapped_column(UtcDateTime)
    version: Mapped[str] = mapped_column(String(32), default=new_version)


class Collection(Base):
    """The images as a whole: a single row, which each change updates."""

    __tablename__ = 'collection'

    key: Mapped[int] = mapped_column(primary_key=True)
    version: Mapped[str] = mapped_column(String(32), onupdate=new_version)
