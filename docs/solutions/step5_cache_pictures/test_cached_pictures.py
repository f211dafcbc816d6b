"""Short pictures come from the cache, whole; long ones come from their files."""

import io

import falcon.testing
import PIL.Image
import pytest
from cached_pictures import RedisCache
from fakeredis import FakeServer
from fakeredis.aioredis import FakeRedis

from asgilook import app
from asgilook.config import Config


@pytest.fixture
def client(tmp_path, monkeypatch):
    """Return a client of an app with the new cache in it."""
    monkeypatch.setattr(app, 'RedisCache', RedisCache)
    server = FakeServer()
    config = Config()
    config.storage_path = tmp_path
    config.redis_from_url = lambda url: FakeRedis(server=server)
    return falcon.testing.TestClient(app.create_app(config))


@pytest.mark.parametrize(
    ('most_bytes', 'said'),
    [(1_000_000, ['Miss', 'Hit', 'Hit']), (10, ['Miss', 'Miss', 'Miss'])],
)
def test_pictures(client, monkeypatch, most_bytes, said):
    """A picture is the same each time, wherever it comes from."""
    monkeypatch.setattr(RedisCache, 'MOST_BYTES', most_bytes)
    picture = io.BytesIO()
    PIL.Image.new('RGB', (64, 64)).save(picture, 'PNG')
    uri = client.simulate_post('/images', body=picture.getvalue()).json['image']

    results = [client.simulate_get(uri) for _ in range(3)]

    assert [result.headers['X-ASGILook-Cache'] for result in results] == said
    assert {result.status_code for result in results} == {200}
    assert len({result.content for result in results}) == 1
    assert results[0].content
    assert {result.headers['Content-Type'] for result in results} == {'image/jpeg'}
