"""A cache that notices what changed while an answer was being made."""

import collections
from collections.abc import Mapping
from typing import Any

from falcon.asgi import Request, Response

from asgilook import cache
from asgilook.config import Config


class RedisCache(cache.RedisCache):
    """Middleware that keeps no answer older than the last change."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self._changes: collections.Counter[str] = collections.Counter()

    async def process_resource(
        self, req: Request, resp: Response, resource: object, params: Mapping[str, Any]
    ) -> None:
        """Note how many changes there were before the answer is made."""
        await super().process_resource(req, resp, resource, params)
        resp.context.changes = self._changes[resp.context.cache_key]

    async def _keep(self, key: str, resp: Response) -> None:
        if self._changes[key] == resp.context.changes:
            await super()._keep(key, resp)
        # It may have changed while Redis was being told, too.
        if self._changes[key] != resp.context.changes:
            await super()._forget(key)

    async def _forget(self, key: str) -> None:
        self._changes[key] += 1
        await super()._forget(key)
