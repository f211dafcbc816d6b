"""The list of images comes from the cache, until there is a new image."""

import io

import falcon.testing
import PIL.Image
from fakeredis import FakeServer
from fakeredis.aioredis import FakeRedis

from asgilook.app import create_app
from asgilook.config import Config


def test_list_is_cached(tmp_path):
    """The list is looked up once, and again after an upload."""
    server = FakeServer()
    config = Config()
    config.storage_path = tmp_path
    config.redis_from_url = lambda url: FakeRedis(server=server)
    client = falcon.testing.TestClient(create_app(config))

    results = [client.simulate_get('/images') for _ in range(2)]
    image = io.BytesIO()
    PIL.Image.new('RGB', (64, 64)).save(image, 'PNG')
    client.simulate_post('/images', body=image.getvalue())
    results += [client.simulate_get('/images') for _ in range(2)]

    said = [result.headers['X-ASGILook-Cache'] for result in results]
    assert said == ['Miss', 'Hit', 'Miss', 'Hit']
    assert [len(result.json) for result in results] == [0, 0, 1, 1]
