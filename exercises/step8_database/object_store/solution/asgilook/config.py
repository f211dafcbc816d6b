"""The settings of the service."""

import contextlib
import functools
import os
import pathlib
import tempfile
import uuid
from collections.abc import Callable
from typing import TypeVar

import redis.asyncio
import sqlalchemy
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

Number = TypeVar('Number', int, float)

DEFAULT_STORAGE_PATH = pathlib.Path(tempfile.gettempdir(), 'asgilook')


def from_environment(name: str, default: Number) -> Number:
    """Return the number that the environment has under a name, or the default."""
    text = os.environ.get(name) or str(default)
    with contextlib.suppress(ValueError):
        if (number := type(default)(text)) > 0:
            return number
    raise ValueError(f'{name} must be a positive number, not {text!r}.')


class Config:
    """The settings: read from the environment, each open to replacement."""

    def __init__(self) -> None:
        self.storage_path: str | os.PathLike[str] = pathlib.Path(
            os.environ.get('ASGI_LOOK_STORAGE_PATH') or DEFAULT_STORAGE_PATH
        )
        self.storage_url = os.environ.get('ASGI_LOOK_STORAGE_URL') or None
        self.uuid_generator: Callable[[], uuid.UUID] = uuid.uuid4
        self.min_thumb_size = 64
        self.redis_host = os.environ.get('ASGI_LOOK_REDIS_HOST') or 'redis://localhost'
        # One connection each, opened anew if it broke. The cache sets the time limit.
        self.redis_from_url: Callable[..., redis.asyncio.Redis] = functools.partial(
            redis.asyncio.from_url,
            single_connection_client=True,
            retry=Retry(NoBackoff(), 1),
            socket_timeout=None,
        )
        self.max_upload_bytes = from_environment('ASGI_LOOK_MAX_UPLOAD_BYTES', 2**26)
        self.upload_timeout = from_environment('ASGI_LOOK_UPLOAD_TIMEOUT', 60.0)
        self.pixel_budget = from_environment('ASGI_LOOK_PIXEL_BUDGET', 50_000_000)
        self.queue_timeout = from_environment('ASGI_LOOK_QUEUE_TIMEOUT', 30.0)
        self.convert_timeout = from_environment('ASGI_LOOK_CONVERT_TIMEOUT', 10.0)
        self._database_url = os.environ.get('ASGI_LOOK_DATABASE_URL')

    @property
    def database_url(self) -> str:
        """Where the records are: by default, in a file beside the storage folder."""
        beside = f'{os.path.abspath(self.storage_path)}.db'
        in_file = sqlalchemy.URL.create('sqlite', database=beside)
        return self._database_url or in_file.render_as_string()

    @database_url.setter
    def database_url(self, url: str) -> None:
        self._database_url = url
