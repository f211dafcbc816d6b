"""The list is never older than the last upload, however slow Redis is."""

import asyncio

import falcon
import falcon.testing
from fakeredis.aioredis import FakeRedis

from asgilook.app import create_app
from asgilook.cache import RedisCache


async def upload_while_a_list_is_kept(config, redis_server, image):
    """Upload an image between a list and its `set`; return the list after that."""
    asked, uploaded = asyncio.Event(), asyncio.Event()

    class Slow(FakeRedis):
        async def set(self, *args):
            asked.set()
            await uploaded.wait()
            return await super().set(*args)

    config.redis_from_url = lambda url: Slow(server=redis_server)
    async with falcon.testing.ASGIConductor(create_app(config)) as conductor:
        reader = asyncio.create_task(conductor.simulate_get('/images'))
        await asked.wait()
        await conductor.simulate_post('/images', body=image)
        uploaded.set()
        await reader
        return (await conductor.simulate_get('/images')).json


def test_overtaken(config, redis_server, make_image, monkeypatch):
    """A list that is kept after an upload, but was made before it, isn't shown."""
    monkeypatch.setattr(RedisCache, 'TIMEOUT', 60)
    listed = falcon.async_to_sync(
        upload_while_a_list_is_kept, config, redis_server, make_image()
    )

    assert len(listed) == 1
