"""Processes for the work that may have to be stopped."""

import asyncio
import contextlib
import functools
import multiprocessing
import os
import signal
from collections.abc import Callable
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

import pebble

Result = TypeVar('Result')

COUNT = max(2, os.cpu_count() or 1)
"""How many processes there are."""

MEMORY = 1_500_000_000
"""How much memory a process may reserve, in bytes."""

STOPPED = (MemoryError, TimeoutError, pebble.ProcessExpired, BrokenProcessPool)
"""The errors of work that was stopped, or whose process was."""


class StoppedError(Exception):
    """Work was stopped: it took too much time, or too much memory."""


def prepare() -> None:
    """Make a new process modest, and easy to stop."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    with contextlib.suppress(AttributeError, ImportError):  # Windows has neither.
        os.nice(5)
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


@functools.cache
def pool() -> pebble.ProcessPool:
    """Return the processes, which start when they are first needed."""
    context = multiprocessing.get_context('spawn')
    return pebble.ProcessPool(COUNT, initializer=prepare, context=context)


async def run(function: Callable[..., Result], *args: object, timeout: float) -> Result:
    """Return what a function returns in another process.

    Raises StoppedError if it took more than so many seconds, or too much memory.
    """
    if not pool().active:  # An idle process has died, and pebble has given up.
        pool().join()
        pool.cache_clear()
    future = pool().schedule(function, args=args, timeout=timeout)
    try:
        return await asyncio.wrap_future(future)
    except STOPPED as error:
        raise StoppedError(repr(error)) from error


async def stop() -> None:
    """Stop the processes. They start again when they are needed."""
    if pool.cache_info().currsize:
        stopped = pool()
        pool.cache_clear()
        await asyncio.to_thread(stopped.close)
        await asyncio.to_thread(stopped.join)
