"""Ports of this machine, and how to wait for a server."""

import contextlib
import socket
import subprocess
import time
from collections.abc import Callable
from typing import Any


def free_port() -> int:
    """Return a port on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return int(probe.getsockname()[1])


def listens(port: int) -> bool:
    """Return whether something listens on a port of this machine."""
    with contextlib.suppress(OSError), socket.create_connection(('localhost', port), 1):
        return True
    return False


def wait_until(true: Callable[[], bool], seconds: float) -> bool:
    """Wait until something holds, and return whether it does."""
    deadline = time.monotonic() + seconds
    while not (held := true()) and time.monotonic() < deadline:
        time.sleep(0.01)
    return held


def comes_up(server: subprocess.Popen[Any], port: int, seconds: float = 60) -> bool:
    """Wait until a server listens; return whether it does, and has not ended."""
    wait_until(lambda: server.poll() is not None or listens(port), seconds)
    return server.poll() is None and listens(port)
