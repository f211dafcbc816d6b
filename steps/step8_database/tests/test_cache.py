"""The cache: its entries, the answers it must not keep, and life without Redis."""

import asyncio

import falcon
import falcon.testing
import pytest
from fakeredis import FakeRedis as FakeRedisClient
from fakeredis.aioredis import FakeRedis

from asgilook.app import create_app
from asgilook.cache import RedisCache
from asgilook.store import Store

IMAGE = '/images/00000000-0000-0000-0000-000000000001.jpeg'
THUMBNAIL = '/thumbnails/00000000-0000-0000-0000-000000000001/320x180.jpeg'


def cached(result):
    """Return what the answer says about the cache."""
    return result.headers.get('X-ASGILook-Cache')


def test_thumbnail(client, make_image, monkeypatch):
    """A thumbnail is scaled once, and comes from the cache from then on."""
    make_thumbnail, scaled = Store.make_thumbnail, []

    async def counted(store, image, size):
        scaled.append(size)
        return await make_thumbnail(store, image, size)

    monkeypatch.setattr(Store, 'make_thumbnail', counted)
    client.simulate_post('/images', body=make_image())

    results = [client.simulate_get(THUMBNAIL) for _ in range(3)]

    assert scaled == [(320, 180)]
    assert [cached(result) for result in results] == ['Miss', 'Hit', 'Hit']
    assert results[0].content == results[1].content == results[2].content
    assert {result.headers['Content-Type'] for result in results} == {'image/jpeg'}


def test_one_entry(client, redis_server, make_image):
    """A thumbnail takes up one entry, however its path is spelled."""
    client.simulate_post('/images', body=make_image())
    spelled_otherwise = [THUMBNAIL.replace('-', ''), THUMBNAIL.replace('320', '0320')]
    for path in [THUMBNAIL, *spelled_otherwise]:
        assert client.simulate_get(path).status == falcon.HTTP_200

    assert len(FakeRedisClient(server=redis_server).keys()) == 1


def test_shared_redis(client, config, tmp_path, make_image):
    """A service never shows what another one has put into the same Redis."""
    client.simulate_post('/images', body=make_image())
    assert len(client.simulate_get('/images').json) == 1

    config.storage_path = tmp_path / 'another store'
    config.database_url = f'sqlite:///{tmp_path}/other.db'
    another = falcon.testing.TestClient(create_app(config))

    assert another.simulate_get('/images').json == []


def test_list(client, make_image):
    """An upload takes the old list out of the cache."""
    client.simulate_post('/images', body=make_image())
    assert cached(client.simulate_get('/images')) == 'Miss'
    assert cached(client.simulate_get('/images')) == 'Hit'

    client.simulate_post('/images', body=make_image())

    result = client.simulate_get('/images')
    assert cached(result) == 'Miss'
    assert len(result.json) == 2


@pytest.mark.parametrize(
    ('method', 'path'),
    [
        ('OPTIONS', '/images'),
        ('OPTIONS', IMAGE),
        ('OPTIONS', THUMBNAIL),
        ('HEAD', '/images'),
        ('GET', IMAGE),
        ('GET', THUMBNAIL.replace('320', '321')),
        ('GET', '/nowhere'),
        ('DELETE', '/images'),
    ],
)
def test_not_cached(client, redis_server, make_image, method, path):
    """Only a `GET` that succeeded, with its body in memory, is cached."""
    client.simulate_post('/images', body=make_image())

    first, second = (client.simulate_request(method, path) for _ in range(2))

    assert not FakeRedisClient(server=redis_server).keys()
    assert first.status == second.status
    assert first.content == second.content
    assert client.simulate_get('/images').json


@pytest.mark.parametrize('path', ['/images', IMAGE, THUMBNAIL])
def test_head(client, make_image, path):
    """`HEAD` is answered the same, whatever is in the cache."""
    client.simulate_post('/images', body=make_image())

    before = client.simulate_head(path)
    client.simulate_get(path)
    after = client.simulate_head(path)

    assert before.status == after.status


@pytest.mark.parametrize(
    'entry', [b'text', b'\x01', b'\x92\xc0\xc0', b'\x92\x81\xa1a\xc0\xc4\x00']
)
def test_strange_entry(client, redis_server, entry):
    """An entry that another program wrote under the same key is no answer."""
    client.simulate_get('/images')
    redis_client = FakeRedisClient(server=redis_server)
    redis_client.set(redis_client.keys()[0], entry)

    assert client.simulate_get('/images').json == []


def test_redis_away(client, redis_server, make_image):
    """Without Redis all is as before, but for the cache; with it, the cache is back."""
    client.simulate_post('/images', body=make_image())
    assert len(client.simulate_get('/images').json) == 1

    redis_server.connected = False
    result = client.simulate_post('/images', body=make_image())
    assert result.status == falcon.HTTP_201
    for path in ['/images', IMAGE, THUMBNAIL]:
        assert client.simulate_get(path).status == falcon.HTTP_200
        assert cached(client.simulate_get(path)) == 'Miss'

    redis_server.connected = True
    results = [client.simulate_get('/images') for _ in range(2)]
    assert [cached(result) for result in results] == ['Miss', 'Hit']
    assert [len(result.json) for result in results] == [2, 2]


def test_log(client, redis_server, caplog):
    """The log has one line when Redis goes away, and one when it is back."""
    redis_server.connected = False
    for _ in range(3):
        client.simulate_get('/images')
    assert len(caplog.records) == 1

    redis_server.connected = True
    for _ in range(3):
        client.simulate_get('/images')
    assert len(caplog.records) == 2


def test_redis_hangs(config, monkeypatch):
    """A Redis that takes commands, but never answers, is not waited for."""

    class HungRedis(FakeRedis):
        async def execute_command(self, *args, **options):
            await asyncio.sleep(2)
            raise AssertionError('The cache waited for Redis.')

    monkeypatch.setattr(RedisCache, 'TIMEOUT', 0.01)
    config.redis_from_url = lambda url: HungRedis()

    client = falcon.testing.TestClient(create_app(config))

    assert client.simulate_get('/images').json == []


async def at_once(app, path):
    """Ask two hundred times for the same path, without waiting in between."""
    async with falcon.testing.ASGIConductor(app) as conductor:
        requests = (conductor.simulate_get(path) for _ in range(200))
        return await asyncio.gather(*requests)


class BusyRedis(FakeRedis):
    """A Redis that lets others go first before each answer."""

    async def execute_command(self, *command, **options):
        await asyncio.sleep(0)
        return await super().execute_command(*command, **options)


def test_two_hundred_at_once(config, redis_server):
    """A rush of requests is served to the last."""
    config.redis_from_url = lambda url: BusyRedis(server=redis_server)
    results = falcon.async_to_sync(at_once, create_app(config), '/images')

    assert {result.status for result in results} == {falcon.HTTP_200}
