"""Cook two things at the same time, in one thread."""

import asyncio


async def cook(food: str, seconds: float) -> None:
    """Put something on the stove, and wait until it's ready."""
    print(food, 'is on the stove')
    await asyncio.sleep(seconds)
    print(food, 'is ready')


async def main() -> None:
    """Cook an egg, and tea while it boils."""
    await asyncio.gather(cook('The egg', 0.4), cook('The tea', 0.2))


if __name__ == '__main__':
    asyncio.run(main())
