"""A cache that keeps short streams as well."""

from typing import Any

from falcon.asgi import Request, Response

from asgilook import cache


class RedisCache(cache.RedisCache):
    """Middleware that answers a `GET` from Redis, pictures included."""

    MOST_BYTES = 1_000_000
    """The longest stream that is read into memory to be cached."""

    async def process_response(
        self, req: Request, resp: Response, resource: object, req_succeeded: bool
    ) -> None:
        """Turn a short stream into data first; then go on as before."""
        if req_succeeded and resp.get_header(self.CACHE_HEADER) == 'Miss':
            await self._load(resp)
        await super().process_response(req, resp, resource, req_succeeded)

    async def _load(self, resp: Response) -> None:
        stream: Any = resp.stream
        length = resp.get_header('Content-Length')
        if stream is None or length is None or int(length) > self.MOST_BYTES:
            return
        try:
            resp.data = await stream.read()
        finally:
            await stream.close()
        resp.stream = None
