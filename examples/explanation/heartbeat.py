"""Save ten photos at the same time, and see whether the event loop stays free."""

import asyncio
import pathlib
import tempfile
import time

from asgilook.config import Config
from asgilook.store import Store

BEAT = 0.01
"""The time from one heartbeat to the next, in seconds."""


async def beat(pauses: list[float]) -> None:
    """Beat until cancelled; note how long each pause was, in seconds."""
    while True:
        start = time.perf_counter()
        await asyncio.sleep(BEAT)
        pauses.append(time.perf_counter() - start)


async def save_ten(store: Store, data: bytes) -> list[float]:
    """Save ten photos; return the pauses between heartbeats meanwhile."""
    pauses: list[float] = []
    heart = asyncio.create_task(beat(pauses))
    await asyncio.sleep(BEAT)
    await asyncio.gather(*(store.save(f'{n}', data) for n in range(10)))
    await asyncio.sleep(2 * BEAT)
    heart.cancel()
    return pauses


def main() -> None:
    """Print the longest pause."""
    data = pathlib.Path('photo.jpeg').read_bytes()
    config = Config()
    with tempfile.TemporaryDirectory() as folder:
        config.storage_path = folder
        pauses = asyncio.run(save_ten(Store(config), data))
    print(f'longest pause: {max(pauses) * 1000:.1f} ms')


if __name__ == '__main__':
    main()
