"""Redis, fake and real, and a clock that knows no slow machine, for step 5."""

import asyncio
import functools
import importlib.util
import os
import queue
import selectors
import shutil
import signal
import socket
import subprocess

import pytest

if importlib.util.find_spec('redis'):
    import redis

if importlib.util.find_spec('aiosqlite'):
    import aiosqlite


TICK = 0.0001
"""How long a turn of the event loop takes while Redis is away, in seconds."""
PATIENCE = 20
"""How long an answer or a thread may take on a busy machine, in real seconds."""


class Clock:
    """The time in an event loop, which a slow machine doesn't change.

    It stands still while anything is at work. When everything waits, and nothing but
    a timer can end that, it jumps to that timer. While a real Redis is away, each turn
    of the loop takes a tick, so that a time limit can end in the middle of things.
    """

    def __init__(self):
        self.now = 0.0
        self.at_work = 0
        self.redis = None

    def tick(self):
        """Let a turn of the loop take its time."""
        if self.redis and not self.redis.answers:
            self.now += TICK

    def count(self, future):
        """Count a thread as at work until its future is done."""
        self.at_work += 1
        future.add_done_callback(self._worked)

    def _worked(self, future):
        self.at_work -= 1

    def anything_may_come(self):
        """Return whether a thread is at work, or a Redis that can answer."""
        return self.at_work or (self.redis and self.redis.answers)

    def loop(self):
        """Return an event loop that goes by this clock."""
        return Loop(self)


class Selector(selectors.DefaultSelector):
    """Waits for sockets; lets the clock jump where there is nothing to wait for."""

    def __init__(self, clock):
        super().__init__()
        self.clock = clock

    def select(self, timeout=None):
        """Return what is ready; wait no longer than the clock says."""
        self.clock.tick()
        ready = super().select(0)
        if ready or timeout == 0:
            return ready
        if timeout is None or self.clock.anything_may_come():
            ready = super().select(PATIENCE)
        if not ready and timeout is None:
            self.clock.redis = None
            raise AssertionError('The app waits for Redis without a time limit.')
        if not ready:
            self.clock.now += timeout
        return ready


class Loop(asyncio.SelectorEventLoop):
    """An event loop that goes by a clock of ours."""

    def __init__(self, clock):
        super().__init__(Selector(clock))
        self.clock = clock

    def time(self):
        """Return the time, in seconds."""
        return self.clock.now

    def run_in_executor(self, executor, function, *arguments):
        """Run a function in a thread, which counts as work."""
        future = super().run_in_executor(executor, function, *arguments)
        self.clock.count(future)
        return future

    async def shutdown_default_executor(self, *arguments):
        """Wait for the threads to end, which is work, too."""
        self.clock.at_work += 1
        await super().shutdown_default_executor(*arguments)
        self.clock.at_work -= 1


class Orders(queue.SimpleQueue):
    """The orders for the thread of a database's connection; each counts as work."""

    def __init__(self, clock):
        super().__init__()
        self.clock = clock

    def put_nowait(self, order):
        """Hand a function to the thread, and the future for its result."""
        future, _ = order
        if future:
            self.clock.count(future)
        super().put_nowait(order)


class RealRedis:
    """A redis-server on its own port, which tests can stop and start again."""

    def __init__(self, port, folder):
        from mirakuru import TCPExecutor

        self.answers = False
        self.url = f'redis://127.0.0.1:{port}'
        command = ['redis-server', '--port', str(port), '--bind', '127.0.0.1']
        self._server = TCPExecutor(
            [*command, '--save', '', '--appendonly', 'no', '--dir', str(folder)],
            '127.0.0.1',
            port,
            timeout=60,
            sleep=0.01,
            stdout=subprocess.DEVNULL,
        )

    def start(self):
        """Start the server, and wait until it can be reached."""
        self._server.start()
        self.answers = True

    def stop(self):
        """Stop the server; connections are refused from now on."""
        self.answers = False
        self._server.stop()

    def recover(self):
        """Get it running again, whatever a failed test has left behind."""
        if self._server.running():
            self.go_on()
        else:
            self.start()

    def hang(self):
        """Let the server accept connections and commands, and answer none."""
        self.answers = False
        os.kill(self._server.process.pid, signal.SIGSTOP)

    def go_on(self):
        """Let a hanging server continue where it stopped."""
        os.kill(self._server.process.pid, signal.SIGCONT)
        self.answers = True

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
def clock():
    """Return the clock that a test's event loops go by."""
    return Clock()


@pytest.fixture(autouse=True)
def count_database(clock, monkeypatch):
    """Let the clock see the threads of SQLite, from step 8 on."""
    if importlib.util.find_spec('aiosqlite'):
        orders = functools.partial(Orders, clock)
        monkeypatch.setattr(aiosqlite.core, 'SimpleQueue', orders)


@pytest.fixture
def make_loop(clock):
    """Return what makes the event loops of a test."""
    return clock.loop


@pytest.fixture
def real_redis(request, config, module, clock):
    """Return a real, empty Redis that the app uses."""
    clock.redis = real = request.getfixturevalue('redis_process')
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
