"""Take three naps at the same time, in three ways; print how long they took."""

import asyncio
import time

NAP = 0.2
"""How long a nap is, in seconds."""


async def polite() -> None:
    """Let the event loop carry on while waiting."""
    await asyncio.sleep(NAP)


async def rude() -> None:
    """Hold up the event loop for the whole nap."""
    time.sleep(NAP)


async def in_a_thread() -> None:
    """Let another thread do the blocking, and wait for it politely."""
    await asyncio.to_thread(time.sleep, NAP)


async def main() -> None:
    """Try each way with three naps."""
    for way in (polite, rude, in_a_thread):
        start = time.perf_counter()
        await asyncio.gather(way(), way(), way())
        print(f'{way.__name__}: {time.perf_counter() - start:.1f} s')


if __name__ == '__main__':
    asyncio.run(main())
