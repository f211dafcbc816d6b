"""An upload that is too large is refused, and only that."""

import io

import falcon
import falcon.testing
import limited
import PIL.Image
from fakeredis.aioredis import FakeRedis

from asgilook import app
from asgilook.config import Config


def test_limit(tmp_path, monkeypatch):
    """One byte decides."""
    monkeypatch.setattr(app, 'Images', limited.Images)
    config = Config()
    config.storage_path = tmp_path
    config.redis_from_url = lambda url: FakeRedis()
    client = falcon.testing.TestClient(app.create_app(config))
    output = io.BytesIO()
    PIL.Image.new('RGB', (64, 64)).save(output, 'PNG')
    picture = output.getvalue()

    monkeypatch.setattr(limited, 'MOST_BYTES', len(picture))
    assert client.simulate_post('/images', body=picture).status == falcon.HTTP_201

    monkeypatch.setattr(limited, 'MOST_BYTES', len(picture) - 1)
    result = client.simulate_post('/images', body=picture)
    assert result.status == falcon.HTTP_413
    assert 'Send a file' in result.json['description']
    assert client.simulate_get('/images').status == falcon.HTTP_200
