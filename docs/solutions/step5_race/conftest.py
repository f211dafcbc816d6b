"""Run the test with the cache that has no race: pytest --mended."""

import pytest
from cache_without_race import RedisCache

from asgilook import app


def pytest_addoption(parser):
    """Add the option."""
    parser.addoption('--mended', action='store_true')


@pytest.fixture(autouse=True)
def cache(pytestconfig, monkeypatch):
    """Put the new cache in place of the old one, if that is wanted."""
    if pytestconfig.getoption('mended'):
        monkeypatch.setattr(app, 'RedisCache', RedisCache)
