"""Redis isn't asked again right after a failure."""

import falcon.testing

from asgilook.app import create_app


def test_cool_down(config, redis_server):
    """For five seconds after a failure, nobody waits for Redis."""
    now = [0.0]
    config.redis_cool_down, config.clock = 5.0, lambda: now[0]
    client = falcon.testing.TestClient(create_app(config))

    def ask(seconds):
        now[0] = seconds
        return client.simulate_get('/images').headers['X-ASGILook-Cache']

    redis_server.connected = False
    assert ask(0) == 'Miss'

    redis_server.connected = True
    assert [ask(1), ask(4.9), ask(5), ask(5)] == ['Miss', 'Miss', 'Miss', 'Hit']
