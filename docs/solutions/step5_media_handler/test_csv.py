"""Each client gets the list in the media type that it prefers."""

import falcon.testing
import pytest
from csv_media import MEDIA_CSV, CSVHandler, Images, RedisCache
from fakeredis import FakeServer
from fakeredis.aioredis import FakeRedis

from asgilook import app
from asgilook.config import Config


@pytest.mark.parametrize('mended', [False, True])
def test_types(tmp_path, monkeypatch, mended):
    """With the old cache, who comes second gets what the first one asked for."""
    monkeypatch.setattr(app, 'Images', Images)
    if mended:
        monkeypatch.setattr(app, 'RedisCache', RedisCache)
    server = FakeServer()
    config = Config()
    config.storage_path = tmp_path
    config.redis_from_url = lambda url: FakeRedis(server=server)
    asgi_app = app.create_app(config)
    asgi_app.resp_options.media_handlers[MEDIA_CSV] = CSVHandler()
    client = falcon.testing.TestClient(asgi_app)

    accepted = ['text/csv', 'application/json', 'text/csv', '*/*']
    got = [
        client.simulate_get('/images', headers={'Accept': media_type}).headers[
            'Content-Type'
        ]
        for media_type in accepted
    ]

    right = ['text/csv', 'application/json', 'text/csv', 'application/json']
    assert got == (right if mended else ['text/csv'] * 4)
