"""Promises of the service that no other test checks."""

import asyncio
import datetime

import falcon.testing
from fakeredis import FakeRedis as FakeRedisClient
from fakeredis.aioredis import FakeRedis

from asgilook.app import create_app
from asgilook.config import Config
from asgilook.store import Store


def test_expiry(client, redis_server):
    """An entry expires after the promised time."""
    client.simulate_get('/images')

    redis = FakeRedisClient(server=redis_server)
    [key] = redis.keys()
    assert 0 < redis.ttl(key) <= 3600


def test_connections_are_closed(config):
    """When the service ends, so do its connections to Redis."""
    closed = []

    class NotingRedis(FakeRedis):
        async def aclose(self, *args, **options):
            closed.append(True)
            await super().aclose(*args, **options)

    config.redis_from_url = lambda url: NotingRedis()
    falcon.testing.TestClient(create_app(config)).simulate_get('/images')

    assert closed


def test_folder_from_environment(monkeypatch, tmp_path):
    """The environment decides where images go."""
    monkeypatch.setenv('ASGI_LOOK_STORAGE_PATH', str(tmp_path / 'elsewhere'))

    assert Config().storage_path == tmp_path / 'elsewhere'


def test_oldest_first(config, make_image):
    """The list goes by date, not by which image was written first."""
    store = Store(config)
    first, second = (asyncio.run(store.save(name, make_image())) for name in 'ab')

    first.modified = second.modified + datetime.timedelta(hours=1)

    assert store.list_images() == [second, first]
