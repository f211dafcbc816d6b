"""A list that was read before an upload is not cached after it."""

import asyncio

import falcon.testing
import pytest

from workbook.pictures import upload

pytestmark = pytest.mark.timeout(30)


@pytest.fixture
def door(config):
    """Return a Redis whose SET waits at the door until it is let in."""
    from fakeredis import FakeServer
    from fakeredis.aioredis import FakeRedis

    class SlowRedis(FakeRedis):
        arrived = asyncio.Event()
        let_in = asyncio.Event()

        async def set(self, *arguments, **options):
            self.arrived.set()
            await self.let_in.wait()
            return await super().set(*arguments, **options)

    server = FakeServer()
    config.redis_from_url = lambda url, **options: SlowRedis(server=server)
    return SlowRedis


@pytest.fixture
def visit(module, config, run, monkeypatch):
    """Return a function that lets a story happen in an app; it may take its time."""
    cache = module('cache').RedisCache
    monkeypatch.setattr(cache, 'TIMEOUT', 20, raising=False)

    def start(story):
        async def tell():
            app = module('app').create_app(config)
            async with falcon.testing.ASGIConductor(app) as conductor:
                return await story(conductor)

        return run(tell())

    return start


def test_upload_in_between(door, visit):
    """A picture uploaded while an older list is being cached shows up in the list."""

    async def story(conductor):
        reader = asyncio.create_task(conductor.simulate_get('/images'))
        await door.arrived.wait()
        await conductor.simulate_post('/images', body=upload())
        door.let_in.set()
        assert (await reader).json == []
        return [(await conductor.simulate_get('/images')).json for _ in range(3)]

    assert [len(records) for records in visit(story)] == [1, 1, 1]


def test_nothing_in_between(door, visit):
    """A list that hasn't changed is cached, before and after an upload."""

    async def says(conductor):
        results = [await conductor.simulate_get('/images') for _ in range(2)]
        return [result.headers['X-ASGILook-Cache'] for result in results]

    async def story(conductor):
        door.let_in.set()
        first = await says(conductor)
        await conductor.simulate_post('/images', body=upload())
        return first + await says(conductor)

    assert visit(story) == ['Miss', 'Hit', 'Miss', 'Hit']
