"""A cache of answers in Redis: an aid, never a need."""

import asyncio
import logging
import math
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
    try:
        content_type, data = msgpack.unpackb(entry)
    except (TypeError, ValueError):
        return None
    if isinstance(content_type, str) and isinstance(data, bytes):
        return content_type, data
    return None


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
        self._open: Callable[[], Any] = lambda: config.redis_from_url(config.redis_host)
        self._idle = [self._open()]
        self._slots = asyncio.Semaphore(self.CONNECTIONS)
        self._prefix = f'asgilook:{uuid.uuid4()}'
        self._outdated: set[str] = set()
        self._is_away = False
        self._config = config
        self._ask_again = -math.inf

    async def process_startup(self, scope: object, event: object) -> None:
        """Tell the log, early on, if Redis is away."""
        self._slots = asyncio.Semaphore(self.CONNECTIONS)
        await self._ask(lambda client: client.ping())

    async def process_shutdown(self, scope: object, event: object) -> None:
        """Close the connections."""
        for client in self._idle:
            await client.aclose()

    async def process_resource(
        self, req: Request, resp: Response, resource: object, params: Mapping[str, Any]
    ) -> None:
        """Look a `GET` up; if it is found, that is the answer."""
        key = f'{self._prefix}:{req.uri_template}:{":".join(map(str, params.values()))}'
        resp.context.cache_key = key
        if req.method != 'GET':
            return
        resp.set_header(self.CACHE_HEADER, 'Miss')
        if key in self._outdated:
            return
        entry = unpack(await self._ask(lambda client: client.get(key)))
        if entry is not None:
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
        if await self._ask(lambda client: client.set(key, entry, self.TTL)):
            self._outdated.discard(key)

    async def _forget(self, key: str) -> None:
        self._outdated.add(key)
        if await self._ask(lambda client: client.delete(key)) is not None:
            self._outdated.discard(key)

    async def _ask(self, command: Callable[..., Awaitable[Any]]) -> Any:
        """Return what Redis answers, or None if it does not, or not in time."""
        if self._config.clock() < self._ask_again:
            return None
        try:
            async with asyncio.timeout(self.TIMEOUT), self._slots:
                client = self._idle.pop() if self._idle else self._open()
                try:
                    answer = await command(client)
                finally:
                    self._idle.append(client)
        except (redis.RedisError, OSError) as error:
            if not self._is_away:
                logger.warning('No help from Redis: %s', str(error) or 'no answer')
            self._is_away = not isinstance(error, redis.ResponseError)
            self._ask_again = self._config.clock() + self._config.redis_cool_down
            return None
        if self._is_away:
            logger.warning('Redis is back')
        self._is_away = False
        return answer
