"""A cache of answers in Redis: an aid, never a need."""

import asyncio
import logging
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


def unpack(entry: bytes | None) -> tuple[dict[str, str], bytes] | None:
    """Return the headers and the body in an entry; None if it is not one of ours."""
    try:
        headers, data = msgpack.unpackb(entry)
    except (TypeError, ValueError):
        return None
    if not isinstance(headers, dict) or not isinstance(data, bytes):
        return None
    if not all(isinstance(text, str) for text in (*headers, *headers.values())):
        return None
    return headers, data


async def cache_key(
    resource: object, req: Request, params: Mapping[str, Any]
) -> str | None:
    """Return what the resource's answer is kept under; None if it isn't to be kept."""
    make_key = getattr(resource, 'cache_key', None)
    key = await make_key(req, **params) if make_key else None
    return f'asgilook:{key}' if key else None


class RedisCache:
    """Middleware that answers a `GET` from Redis where it can."""

    CACHE_HEADER = 'X-ASGILook-Cache'
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
        self._is_away = False

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
        """Look a `GET` up under the resource's key for it; if found, answer so."""
        if req.method != 'GET':
            return
        resp.set_header(self.CACHE_HEADER, 'Miss')
        resp.context.cache_key = key = await cache_key(resource, req, params)
        if key is None:
            return
        entry = unpack(await self._ask(lambda client: client.get(key)))
        if entry is not None:
            headers, resp.data = entry
            resp.set_headers(headers)
            resp.set_header(self.CACHE_HEADER, 'Hit')
            resp.complete = True

    async def process_response(
        self, req: Request, resp: Response, resource: object, req_succeeded: bool
    ) -> None:
        """Keep the answer to a `GET` that was not found."""
        key = getattr(resp.context, 'cache_key', None)
        is_miss = resp.get_header(self.CACHE_HEADER) == 'Miss'
        if key is None or not is_miss or not is_cacheable(resp):
            return
        body = await resp.render_body()
        headers = {'Content-Type': resp.content_type, 'Link': resp.get_header('Link')}
        kept = {name: value for name, value in headers.items() if value}
        entry = msgpack.packb([kept, body])
        await self._ask(lambda client: client.set(key, entry, self.TTL))

    async def _ask(self, command: Callable[..., Awaitable[Any]]) -> Any:
        """Return what Redis answers, or None if it does not, or not in time."""
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
            return None
        if self._is_away:
            logger.warning('Redis is back')
        self._is_away = False
        return answer
