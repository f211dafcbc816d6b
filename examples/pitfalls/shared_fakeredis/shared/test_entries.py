"""What is in the cache: two tests that do not know of each other."""

import fakeredis

from asgilook.config import Config


def entries():
    """Return how many entries the cache has."""
    return len(fakeredis.FakeRedis.from_url(Config().redis_host).keys())


def test_list_is_kept(client):
    """After a look at the list, the cache has one entry."""
    client.simulate_get('/images')

    count = entries()
    assert count == 1


def test_nothing_at_first(client):
    """At first, the cache is empty."""
    count = entries()
    assert count == 0
