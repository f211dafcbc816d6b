"""Settings for a test, with a fake Redis that is not for this test alone."""

import falcon.testing
import pytest
from fakeredis.aioredis import FakeRedis

from asgilook.app import create_app
from asgilook.config import Config


@pytest.fixture
def client(tmp_path):
    """Return a client of an application that nobody else uses, or so it seems."""
    config = Config()
    config.storage_path = tmp_path
    config.redis_from_url = FakeRedis.from_url
    return falcon.testing.TestClient(create_app(config))
