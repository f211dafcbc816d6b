"""Nothing stays in the cache for ever."""

from fakeredis import FakeRedis as FakeRedisClient


def test_expiry(client, redis_server):
    """An entry has a time to live, and it is the one that is promised."""
    client.simulate_get('/images')

    redis = FakeRedisClient(server=redis_server)
    [key] = redis.keys()
    assert 0 < redis.ttl(key) <= 3600
