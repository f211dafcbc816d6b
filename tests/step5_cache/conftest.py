"""Redis, fake and real, for the tests of step 5."""

import importlib.util
import os
import shutil
import signal
import socket
import subprocess

import pytest

if importlib.util.find_spec('redis'):
    import redis


class RealRedis:
    """A redis-server on its own port, which tests can stop and start again."""

    def __init__(self, port, folder):
        from mirakuru import TCPExecutor

        self.url = f'redis://127.0.0.1:{port}'
        command = ['redis-server', '--port', str(port), '--bind', '127.0.0.1']
        self._server = TCPExecutor(
            [*command, '--save', '', '--appendonly', 'no', '--dir', str(folder)],
            '127.0.0.1',
            port,
            timeout=10,
            sleep=0.01,
            stdout=subprocess.DEVNULL,
        )

    def start(self):
        """Start the server, and wait until it can be reached."""
        self._server.start()

    def stop(self):
        """Stop the server; connections are refused from now on."""
        self._server.stop()

    def recover(self):
        """Get it running again, whatever a failed test has left behind."""
        if self._server.running():
            self.go_on()
        else:
            self.start()

    def hang(self):
        """Let the server accept connections and commands, and answer none."""
        os.kill(self._server.process.pid, signal.SIGSTOP)

    def go_on(self):
        """Let a hanging server continue where it stopped."""
        os.kill(self._server.process.pid, signal.SIGCONT)

    def client(self):
        """Return a client, to look behind the app's back."""
        return redis.Redis.from_url(self.url)


class FakeRedis:
    """A fake Redis that can be taken away and brought back."""

    def __init__(self):
        import fakeredis

        self.url = 'redis://fake'
        self.server = fakeredis.FakeServer()

    def start(self):
        """Answer again, empty like a Redis that has restarted."""
        self.server.connected = True
        self.client().flushall()

    def stop(self):
        """Refuse connections from now on."""
        self.server.connected = False

    def client(self):
        """Return a client, to look behind the app's back."""
        import fakeredis

        return fakeredis.FakeRedis(server=self.server)


@pytest.fixture(scope='session')
def redis_process(tmp_path_factory):
    """Return a redis-server that all tests share."""
    if not shutil.which('redis-server'):
        pytest.skip('redis-server is not installed, so only a fake Redis is tested')
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        port = probe.getsockname()[1]
    real = RealRedis(port, tmp_path_factory.mktemp('redis'))
    real.start()
    yield real
    real.stop()


@pytest.fixture
def real_redis(request, config, module):
    """Return a real, empty Redis that the app uses."""
    real = request.getfixturevalue('redis_process')
    real.recover()
    with real.client() as client:
        client.flushall()
    config.redis_host = real.url
    config.redis_from_url = module('config').Config().redis_from_url
    return real


@pytest.fixture
def fake_redis(config):
    """Return a fake, empty Redis that the app uses."""
    import fakeredis.aioredis

    fake = FakeRedis()
    config.redis_from_url = lambda url, **options: fakeredis.aioredis.FakeRedis(
        server=fake.server
    )
    return fake


@pytest.fixture(params=['fake_redis', 'real_redis'], ids=['fake', 'real'])
def some_redis(request):
    """Return a Redis: first the fake one, then a real one."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def keys(some_redis):
    """Return a function that lists what is in the cache."""

    def list_keys():
        with some_redis.client() as client:
            return sorted(client.keys())

    return list_keys
