"""The settings of the service."""

import functools
import os
import pathlib
import tempfile
import uuid
from collections.abc import Callable

import redis.asyncio
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

DEFAULT_STORAGE_PATH = pathlib.Path(tempfile.gettempdir(), 'asgilook')


class Config:
    """The settings: read from the environment, each open to replacement."""

    def __init__(self) -> None:
        self.storage_path: str | os.PathLike[str] = pathlib.Path(
            os.environ.get('ASGI_LOOK_STORAGE_PATH') or DEFAULT_STORAGE_PATH
        )
        self.uuid_generator: Callable[[], uuid.UUID] = uuid.uuid4
        self.min_thumb_size = 64
        # The longest image to be cached, in bytes.
        self.longest_cached = 0
        self.redis_host = os.environ.get('ASGI_LOOK_REDIS_HOST') or 'redis://localhost'
        # One connection each, opened anew if it broke. The cache sets the time limit.
        self.redis_from_url: Callable[..., redis.asyncio.Redis] = functools.partial(
            redis.asyncio.from_url,
            single_connection_client=True,
            retry=Retry(NoBackoff(), 1),
            socket_timeout=None,
        )
