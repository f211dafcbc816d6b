"""A cache of answers in Redis: an aid, never a need."""

import asyncio
import logging
import uuid
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgpack
import redis
from falcon.asgi import Request, Response

from .config import Config

logger = logging.getLogger(__name__)


def is_cacheable(resp: Response) -> bool:
    """Return whether the answer is a success, with its body in memory."""
    return resp.status_code == 200 and resp.stream is None


def unpack(entry: bytes | None) -> tuple[str, bytes] | None:
    """Return the media type and the body in an entry; None if it is not one of ours."""
    if entry is None:
        return None
    try:
        content_type, data = msgpack.unpackb(entry)
    except (TypeError, ValueError):
        return None
    return content_type, data


class RedisCache:
    """Middleware that answers a `GET` from Redis where it can."""

    CACHE_HEADER = 'X-ASGILook-Cache'
    SAFE_METHODS = frozenset({'GET', 'HEAD', 'OPTIONS'})
    TTL = 3600
    """How long an answer is kept, in seconds."""
    TIMEOUT = 0.5
    """How long one command may keep a request waiting, in seconds."""
    CONNECTIONS = 8
    """How many connections there may be; who needs one more waits."""

    def __init__(self, config: Config) -> None:
        self._redis = config.redis_from_url(config.redis_host)
        # The store forgets its pictures when the process ends; so must the cache.
        self._prefix = f'asgilook:{uuid.uuid4()}'
        self._turn = asyncio.Semaphore(self.CONNECTIONS)
        self._outdated: set[str] = set()

    async def process_startup(
        self, scope: dict[str, Any], event: dict[str, Any]
    ) -> None:
        """Tell the log, early on, whether Redis is there."""
        # A semaphore serves one event loop, and each start may bring another.
        self._turn = asyncio.Semaphore(self.CONNECTIONS)
        await self._ask(self._redis.ping)

    async def process_shutdown(
        self, scope: dict[str, Any], event: dict[str, Any]
    ) -> None:
        """Close the connections."""
        await self._redis.aclose()

    async def process_resource(
        self, req: Request, resp: Response, resource: object, params: Mapping[str, Any]
    ) -> None:
        """Look a `GET` up; if it is found, that is the answer."""
        # The parameters, not the path: one picture's path can be spelled many ways.
        values = map(str, params.values())
        key = ':'.join([self._prefix, str(req.uri_template), *values])
        resp.context.cache_key = key
        if req.method not in ('GET', 'OPTIONS'):
            return

        entry = None
        if key not in self._outdated:
            entry = unpack(await self._ask(self._redis.get, key))
        if entry is None:
            resp.set_header(self.CACHE_HEADER, 'Miss')
        else:
            resp.content_type, resp.data = entry
            resp.set_header(self.CACHE_HEADER, 'Hit')
            resp.complete = True

    async def process_response(
        self, req: Request, resp: Response, resource: object, req_succeeded: bool
    ) -> None:
        """Keep the answer to a `GET`; forget it when the resource was changed."""
        if not req_succeeded or resource is None:
            return
        if req.method not in self.SAFE_METHODS:
            await self._forget(resp.context.cache_key)
        elif resp.get_header(self.CACHE_HEADER) == 'Miss' and is_cacheable(resp):
            await self._keep(resp.context.cache_key, resp)

    async def _keep(self, key: str, resp: Response) -> None:
        body = await resp.render_body()
        entry = msgpack.packb([resp.content_type, body])
        if await self._ask(self._redis.set, key, entry, self.TTL):
            self._outdated.discard(key)

    async def _forget(self, key: str) -> None:
        # Until Redis confirms it, this process must not trust the entry.
        self._outdated.add(key)
        if await self._ask(self._redis.delete, key) is not None:
            self._outdated.discard(key)

    async def _ask(self, command: Callable[..., Awaitable[Any]], *values: Any) -> Any:
        """Return what Redis answers, or None if it does not, or not in time."""
        try:
            async with asyncio.timeout(self.TIMEOUT), self._turn:
                return await command(*values)
        except (redis.RedisError, OSError) as error:
            logger.warning('No help from Redis: %s: %s', type(error).__name__, error)
            return None
