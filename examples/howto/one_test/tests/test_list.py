"""A suite of one test: with no picture stored, the list is empty."""

import falcon.testing
import pytest
from fakeredis.aioredis import FakeRedis

from asgilook.app import create_app
from asgilook.config import Config


@pytest.fixture
def client(tmp_path):
    """Return a client of an application that has no pictures."""
    config = Config()
    config.storage_path = tmp_path
    config.redis_from_url = lambda url, **options: FakeRedis()
    return falcon.testing.TestClient(create_app(config))


def test_nothing_listed(client):
    """The list is a 200, and it's empty."""
    answer = client.simulate_get('/images')
    assert (answer.status_code, answer.json) == (200, [])
