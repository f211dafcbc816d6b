"""The files that a chapter has its readers write on the way are today's snapshots."""

import pytest

from workbook.layout import ROOT, steps

TUTORIAL = ROOT / 'examples' / 'tutorial'
SNAPSHOTS = {step.number: step.snapshot for step in steps()}
STEP = {
    'plain_cache': 5,
    'cache_that_forgets': 5,
    'cache_that_fails_open': 5,
    'cache_with_a_time_limit': 5,
    'cache_without_slots': 5,
    'limit_bytes': 7,
}
"""The folders with earlier versions of files, and the step that the files end up in."""

REPLACED = {
    'from collections.abc import Mapping',
    'from collections.abc import Callable',
    'from typing import BinaryIO',
    'self._redis = config.redis_from_url(config.redis_host)',
    'entry = await self._redis.get(key)',
    'resp.content_type, resp.data = msgpack.unpackb(entry)',
    '"""Keep the answer to a `GET`."""',
    "if resp.get_header(self.CACHE_HEADER) == 'Miss' and is_cacheable(resp):",
    'await self._redis.set(resp.context.cache_key, entry, self.TTL)',
    'await self._redis.set(key, entry, self.TTL)',
    'await self._redis.delete(key)',
    '"""Return what Redis answers, or None if it does not."""',
    'answer = await command(self._redis)',
    'await self._ask(lambda client: client.set(key, entry, self.TTL))',
    'await self._ask(lambda client: client.delete(key))',
    'async with asyncio.timeout(self.TIMEOUT):',
    'self.redis_from_url: Callable[..., redis.asyncio.Redis] = redis.asyncio.from_url',
    'redis.asyncio.from_url, socket_timeout=None',
    'from falcon.asgi import Request, Response',
    'app = falcon.asgi.App(middleware=[RedisCache(config)])',
    'thumbnails = Thumbnails(store)',
    'import tempfile',
    'def shrink(path: pathlib.Path, size: Size) -> bytes:',
    '"""Return a thumbnail of a JPEG file, as a JPEG of exactly that size.',
    'The decoder scales by 2, 4 or 8: to the size itself where that comes out even,',
    'and otherwise to twice the size at least. `resize` does the rest.',
    'with PIL.Image.open(path) as image, tempfile.TemporaryFile() as output:',
    'even = image.width % size[0] == 0 and image.height % size[1] == 0',
    "drafted = image.draft('RGB', size if even else (2 * size[0], 2 * size[1]))",
    'box = drafted and drafted[1]',
    'encode(image.resize(size, box=box, reducing_gap=2.0), output)',
    'output.seek(0)',
    'return output.read()',
    'import aiofiles',
    'from .limits import receive',
    "stream = await aiofiles.open(image.path, 'rb')",
    'resp.set_stream(stream, os.fstat(stream.fileno()).st_size)',
    'def __init__(self, store: Store) -> None:',
    'from falcon.asgi import Request',
    'Answers 413 if it is too large, 400 if it is cut short.',
    "async with aiofiles.open(path, 'wb') as file:",
    'if received < announced:',
    'from .convert import Size, shrink, to_jpeg',
    'Raises UnknownFormatError, or DamagedImageError.',
    "target = self._folder.path / f'{image_id}.jpeg'",
    'await asyncio.to_thread(target.touch)',
    'size = await self._work(to_jpeg, path, target)',
    'async def _work(self, function: Callable[..., Size], *args: object) -> Size:',
    '"""Call a function on an uploaded file, in a thread."""',
    'return await loop.run_in_executor(self._pool, function, *args)',
}
"""The lines that a reader replaces before the end of the chapter."""


def lines_of(path):
    """Return the lines of a file, without their indents."""
    return {line.strip() for line in path.read_text(encoding='utf-8').splitlines()}


def own_lines(name):
    """Return the lines of a folder's files that the snapshot's files don't have."""
    snapshot, found = SNAPSHOTS[STEP[name]], set()
    for path in (TUTORIAL / name).rglob('*.py'):
        kept = snapshot / path.relative_to(TUTORIAL / name)
        found |= lines_of(path) - lines_of(kept)
    return found


@pytest.mark.parametrize('name', STEP)
def test_all_other_lines_are_the_snapshots(name):
    """A reader who replaces what the chapter says ends up with the snapshot's lines."""
    assert own_lines(name) <= REPLACED


def test_each_replaced_line_is_there():
    """Each line to be replaced is in one of the versions."""
    assert set().union(*map(own_lines, STEP)) == REPLACED


def test_each_folder_is_known():
    """Each folder with a package in it has its step named."""
    assert {path.parent.name for path in TUTORIAL.glob('*/asgilook')} == STEP.keys()
