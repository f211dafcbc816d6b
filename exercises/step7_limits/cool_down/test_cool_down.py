"""After a failure, Redis isn't asked again for a while."""

import falcon.testing
import pytest
import redis


class FailingRedis:
    """A Redis that counts what it is asked, and fails until it is well."""

    def __init__(self):
        self.asked = 0
        self.is_well = False
        self.entries = {}

    async def answer(self, answer):
        """Answer a command."""
        self.asked += 1
        if not self.is_well:
            raise redis.TimeoutError
        return answer

    async def ping(self):
        """Answer that all is well."""
        return await self.answer(True)

    async def get(self, key):
        """Return an entry."""
        return await self.answer(self.entries.get(key))

    async def set(self, key, value, seconds=None):
        """Keep an entry."""
        await self.answer(True)
        self.entries[key] = value
        return True

    async def delete(self, key):
        """Forget an entry."""
        return await self.answer(int(self.entries.pop(key, None) is not None))

    async def aclose(self):
        """Close nothing."""


@pytest.fixture
def server():
    """Return a Redis that fails."""
    return FailingRedis()


@pytest.fixture
def clock():
    """Return a clock that the test sets: a list with the time in it."""
    return [1000.0]


@pytest.fixture
def client(config, server, clock, module):
    """Return a client of an app that lets Redis cool down for five seconds."""
    config.redis_from_url = lambda url, **options: server
    config.redis_cool_down = 5.0
    config.clock = lambda: clock[0]
    return falcon.testing.TestClient(module('app').create_app(config))


def says(client):
    """Get the list; return what the answer says of the cache."""
    return client.simulate_get('/images').headers['X-ASGILook-Cache']


def test_default(module, monkeypatch):
    """By default, there is no cool-down."""
    assert getattr(module('config').Config(), 'redis_cool_down', 0) == 0


def test_not_asked_again(client, server, clock):
    """Within five seconds, Redis is asked once."""
    for seconds in (0, 1, 4.9):
        clock[0] = 1000 + seconds
        assert says(client) == 'Miss'
    assert server.asked == 1


def test_asked_again_later(client, server, clock):
    """After five seconds, Redis is asked again, once if it still fails."""
    says(client)
    clock[0] += 5
    says(client)
    says(client)
    assert server.asked == 2

    server.is_well = True
    clock[0] += 5
    assert [says(client) for _ in range(3)] == ['Miss', 'Hit', 'Hit']


def test_list_is_right(client, server, clock):
    """An upload while Redis cools down isn't missing from the list afterwards."""
    from workbook.pictures import upload

    server.is_well = True
    says(client)
    server.is_well = False
    says(client)
    assert client.simulate_post('/images', body=upload()).status_code == 201
    server.is_well = True
    clock[0] += 5
    assert len(client.simulate_get('/images').json) == 1
    assert server.asked > 0
    assert says(client) == 'Hit'
