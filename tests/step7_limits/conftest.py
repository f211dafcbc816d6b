"""Work that waits for a sign, the real processes, and a real server."""

import asyncio
import contextlib
import http.client
import os
import signal
import subprocess
import sys
import time

import pytest

from tests.step7_limits.visits import PATIENCE


class Work:
    """Stands for the processes: works in threads, but converts nothing until `go`.

    Those that have a gate of their own, by the image's id, wait for that instead.
    """

    def __init__(self):
        self.measured = 0
        self.converted = []
        self.at_work = self.most_at_work = 0
        self.go = asyncio.Event()
        self.gates = {}

    async def run(self, function, *arguments, timeout):
        """Call a function, as `workers.run` does."""
        if function.__name__ == 'measure':
            try:
                return await asyncio.to_thread(function, *arguments)
            finally:
                self.measured += 1
        image_id = arguments[0].name.partition('.')[0]
        self.converted.append(image_id)
        self.at_work += 1
        self.most_at_work = max(self.most_at_work, self.at_work)
        try:
            await self.gates.get(image_id, self.go).wait()
            return await asyncio.to_thread(function, *arguments)
        finally:
            self.at_work -= 1


@pytest.fixture
def work(module, monkeypatch, work_in_threads):
    """Return what counts the conversions, and holds them up until its `go` is set."""
    held_up = Work()
    monkeypatch.setattr(module('workers'), 'run', held_up.run)
    return held_up


@pytest.fixture
def until():
    """Return a coroutine that waits until something holds."""

    async def wait(true):
        async with asyncio.timeout(PATIENCE):
            while not true():
                await asyncio.sleep(0.001)
        for _ in range(20):  # Whatever that has set going gets its turn.
            await asyncio.sleep(0)

    return wait


class Server:
    """The app on a real server, in a process of its own."""

    def __init__(self, app_folder, folder, port, stderr, **settings):
        self.port = port
        self._stderr = stderr
        self._command = [sys.executable, '-m', 'uvicorn', 'asgilook.asgi:app']
        self._command += ['--port', str(port), '--log-level', 'warning']
        self._environment = {
            **os.environ,
            'PYTHONPATH': str(app_folder),
            'ASGI_LOOK_STORAGE_PATH': str(folder),
            'ASGI_LOOK_REDIS_HOST': 'redis://127.0.0.1:1',
            **{f'ASGI_LOOK_{name}': str(value) for name, value in settings.items()},
        }
        self.process = None

    def start(self):
        """Start the server, and wait until it answers."""
        self.process = subprocess.Popen(
            self._command, env=self._environment, stderr=self._stderr
        )
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            assert self.process.poll() is None, 'The server has ended by itself.'
            with contextlib.suppress(OSError):
                self.request('GET', '/nothing')
                return self
            time.sleep(0.05)
        raise AssertionError('The server does not answer.')

    def kill(self):
        """Kill the server, as `kill -9` does."""
        self.stop(signal.SIGKILL)

    def stop(self, number=signal.SIGTERM):
        """End the server."""
        self.process.send_signal(number)
        self.process.wait(PATIENCE)

    def connect(self):
        """Return a connection to the server."""
        return http.client.HTTPConnection('127.0.0.1', self.port, timeout=PATIENCE)

    def request(self, method, path, body=None):
        """Make a request; return the status and the body of the answer."""
        with contextlib.closing(self.connect()) as connection:
            connection.request(method, path, body)
            answer = connection.getresponse()
            return answer.status, answer.read()


@pytest.fixture
def make_server(app_folder, folder, tmp_path_factory):
    """Return a function that starts a server on the test's folder."""
    from workbook.processes import free_port

    servers = []

    def make(stderr=subprocess.DEVNULL, **settings):
        servers.append(Server(app_folder, folder, free_port(), stderr, **settings))
        return servers[-1].start()

    yield make
    for server in servers:
        if server.process.poll() is None:
            server.kill()


@pytest.fixture
def real_workers(module):
    """Return the module that has the processes, each started for this test."""
    workers = module('workers')
    workers.pool.cache_clear()
    yield workers
    pool = workers.pool()
    pool.stop()
    pool.join()
    workers.pool.cache_clear()
