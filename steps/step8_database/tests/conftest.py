"""What the tests share: an application without a past, and images to send."""

import asyncio
import io
import itertools
import random
import uuid

import falcon.testing
import PIL.Image
import PIL.ImageDraw
import pytest
from fakeredis import FakeServer
from fakeredis.aioredis import FakeRedis

from asgilook import workers
from asgilook.app import create_app
from asgilook.config import Config


@pytest.fixture(autouse=True)
def work_in_threads(monkeypatch):
    """Let Pillow work in threads: no process has to start, and coverage sees it."""

    async def run(function, *args, timeout):
        return await asyncio.to_thread(function, *args)

    monkeypatch.setattr(workers, 'run', run)


@pytest.fixture
def redis_server():
    """Return a fake Redis that no other test writes to."""
    return FakeServer()


@pytest.fixture
def config(tmp_path, redis_server):
    """Return settings for one test: an empty store, and the ids 1, 2, 3, ..."""
    numbers = itertools.count(1)

    config = Config()
    config.storage_path = tmp_path / 'store'
    config.database_url = f'sqlite:///{tmp_path}/images.db'
    config.uuid_generator = lambda: uuid.UUID(int=next(numbers))
    config.redis_from_url = lambda url: FakeRedis(server=redis_server)
    return config


@pytest.fixture
def client(config):
    """Return a client of an application that nobody else uses."""
    return falcon.testing.TestClient(create_app(config))


@pytest.fixture
def make_image():
    """Return a function that draws a random image and returns its file."""
    seed = random.randrange(2**32)
    print(f'Images are drawn with random.Random({seed}).')
    rng = random.Random(seed)

    def make(size=(640, 360), mode='RGB', file_format='PNG', **options):
        image = PIL.Image.new('RGB', size, 'navy')
        draw = PIL.ImageDraw.Draw(image)
        for _ in range(20):
            left, right = sorted(rng.choices(range(size[0]), k=2))
            top, bottom = sorted(rng.choices(range(size[1]), k=2))
            colour = rng.choice(['gold', 'tomato', 'seagreen'])
            draw.ellipse((left, top, right, bottom), fill=colour)
        output = io.BytesIO()
        image.convert(mode).save(output, file_format, **options)
        return output.getvalue()

    return make
