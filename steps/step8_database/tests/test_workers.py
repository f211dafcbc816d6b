"""The processes that convert images: real ones, where the others have threads."""

import asyncio
import os
import signal
import time

import falcon
import pytest

from asgilook import workers
from asgilook.store import Store
from asgilook.workers import pool, prepare, run


def test_too_much_work(client, config, make_image, monkeypatch):
    """An image that takes too much to convert is refused, and nothing stays of it."""

    async def stopped(function, *args, timeout):
        raise workers.StoppedError('It took too long.')

    monkeypatch.setattr(workers, 'run', stopped)

    result = client.simulate_post('/images', body=make_image())

    assert result.status == falcon.HTTP_422
    assert not os.listdir(config.storage_path)


def test_processes():
    """Work that takes too long is stopped; a process that dies is replaced."""
    with pytest.raises(workers.StoppedError):
        asyncio.run(run(time.sleep, 10, timeout=0.1))

    os.kill(asyncio.run(run(os.getpid, timeout=60)), signal.SIGKILL)
    while pool().active:
        time.sleep(0.01)
    assert asyncio.run(run(max, 1, 2, timeout=60)) == 2


def test_end_of_service(config):
    """The processes end with a server, but not with each simulated request."""
    store = Store(config)
    asyncio.run(run(max, 1, 2, timeout=60))
    started = pool()

    asyncio.run(store.process_shutdown({'type': 'lifespan'}, {}))
    assert pool() is started

    for _ in range(2):  # The second time, there is nothing to stop.
        asyncio.run(store.process_shutdown({'type': 'lifespan', 'state': {}}, {}))
    assert pool() is not started
    assert asyncio.run(run(max, 1, 2, timeout=60)) == 2


def test_modest_process(monkeypatch):
    """A process makes way for others, and may not take all the memory."""
    resource = pytest.importorskip('resource')
    limits = []
    monkeypatch.setattr(signal, 'signal', lambda *args: None)
    monkeypatch.setattr(os, 'nice', limits.append)
    monkeypatch.setattr(resource, 'setrlimit', lambda _, limit: limits.append(limit))

    prepare()

    assert limits == [5, (workers.MEMORY, workers.MEMORY)]
