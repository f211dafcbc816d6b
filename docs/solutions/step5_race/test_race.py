"""A list that was read before an upload must not be cached after it."""

import asyncio
import io

import falcon
import falcon.testing
import PIL.Image
from fakeredis import FakeServer
from fakeredis.aioredis import FakeRedis

from asgilook import app
from asgilook.config import Config


class SlowRedis(FakeRedis):
    """A Redis whose SET waits at the door until it is let in."""

    arrived = asyncio.Event()
    let_in = asyncio.Event()

    async def set(self, *arguments):
        """Say that a SET is there; wait; set."""
        self.arrived.set()
        await self.let_in.wait()
        return await super().set(*arguments)


@falcon.runs_sync
async def test_race(tmp_path):
    """The upload that came in between is in the list from then on."""
    server = FakeServer()
    config = Config()
    config.storage_path = tmp_path
    config.redis_from_url = lambda url: SlowRedis(server=server)
    picture = io.BytesIO()
    PIL.Image.new('RGB', (8, 8)).save(picture, 'PNG')

    async with falcon.testing.ASGIConductor(app.create_app(config)) as conductor:
        reader = asyncio.create_task(conductor.simulate_get('/images'))
        await SlowRedis.arrived.wait()
        await conductor.simulate_post('/images', body=picture.getvalue())
        SlowRedis.let_in.set()
        await reader

        assert len((await conductor.simulate_get('/images')).json) == 1
